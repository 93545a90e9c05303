import type { ResponseHead } from '../http/decision.ts';

/**
 * Whether a shared cache may keep an answer with this head and give it to others (RFC 9111 section 3; RFC 9213 for the
 * fields that speak to one cache alone). Nothing that belongs to one client may be put on such an answer.
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
 * Keeps an answer with something of one client's on it out of the caches that others share. One that says nothing about
 * them may be kept by its age alone (RFC 9111 section 4.2.2), and one that must be validated first is kept with all its
 * fields: such an answer is made `private`.
 *
 * False: a shared cache may keep it all the same, and nothing of one client's may be put on it.
 */
export function keepPrivate(head: ResponseHead): boolean {
  if (isSharedCacheable(head)) return false;
  const control = (): string => head.get('cache-control').join(', ');
  if (PRIVATE.test(control())) return true;
  head.set('Cache-Control', control() === '' ? 'private' : `${control()}, private`);
  // The head of an answer that somebody else gives whole may not take it.
  return PRIVATE.test(control());
}

/** Both without arguments: `private="set-cookie"` forbids to keep that field, not the answer. */
const PRIVATE = /(?:^|,)\s*(?:no-store|private)\s*(?:$|,)/i;

/** A cache that knows its own field does what it says, even where `Cache-Control` forbids all others to keep anything. */
const TARGETED = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'netlify-cdn-cache-control',
  'surrogate-control',
  'vercel-cdn-cache-control',
] as const;

/** Lets a page of another origin read the field `name` of an answer, if CORS lets it read the answer at all. */
export function exposeField(head: ResponseHead, name: string): void {
  if (head.get('access-control-allow-origin').length === 0) return;
  const exposed = head.get('access-control-expose-headers').join().toLowerCase();
  if (!exposed.split(',').some((given) => given.trim() === name.toLowerCase())) {
    head.append('Access-Control-Expose-Headers', name);
  }
}
