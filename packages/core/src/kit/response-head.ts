import type { ResponseHead } from '../http/decision.ts';

/**
 * Whether a shared cache may store an answer with this head and reuse it for other clients
 * ([RFC 9111 section 3](https://www.rfc-editor.org/rfc/rfc9111#section-3);
 * [RFC 9213](https://www.rfc-editor.org/rfc/rfc9213) for fields that address one kind of cache). Put nothing of a
 * single client on such an answer.
 */
export function isSharedCacheable(head: ResponseHead): boolean {
  for (const field of TARGETED) {
    const targeted = head.get(field);
    if (targeted.length > 0 && !/no-store|private/i.test(targeted.join())) return true;
  }
  const control = head.get('cache-control').join().toLowerCase();
  if (PRIVATE.test(control)) return false;
  if (/(?:^|,)\s*(?:public|s-maxage|max-age\s*=\s*"?[1-9])/.test(control)) return true;
  const expires = head.get('expires')[0];
  return expires !== undefined && !/max-age|no-cache/.test(control) && Date.parse(expires) > Date.now();
}

/**
 * Makes an answer `private` if shared caches might store it: without `Cache-Control` by its age alone
 * ([RFC 9111 section 4.2.2](https://www.rfc-editor.org/rfc/rfc9111#section-4.2.2)), or for validation, and then with
 * all its fields.
 *
 * Returns false if a shared cache may still store the answer. Put nothing of a single client on it then.
 */
export function keepPrivate(head: ResponseHead): boolean {
  if (isSharedCacheable(head)) return false;
  const control = (): string => head.get('cache-control').join(', ');
  if (PRIVATE.test(control())) return true;
  head.set('Cache-Control', control() === '' ? 'private' : `${control()}, private`);
  // The head may be protected, because another region or decider gave the complete answer.
  return PRIVATE.test(control());
}

/** Both without arguments: `private="set-cookie"` forbids to store that field only, not the answer. */
const PRIVATE = /(?:^|,)\s*(?:no-store|private)\s*(?:$|,)/i;

/** A cache that knows its own targeted field obeys it, even if `Cache-Control` forbids other caches to store. */
const TARGETED = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'netlify-cdn-cache-control',
  'surrogate-control',
  'vercel-cdn-cache-control',
] as const;

/** Lets a page of another origin read the field `name` of an answer, if CORS allows reading the answer at all. */
export function exposeField(head: ResponseHead, name: string): void {
  if (head.get('access-control-allow-origin').length === 0) return;
  const exposed = head.get('access-control-expose-headers').join().toLowerCase();
  if (!exposed.split(',').some((given) => given.trim() === name.toLowerCase())) {
    head.append('Access-Control-Expose-Headers', name);
  }
}
