import { Agent, type IncomingHttpHeaders, request as send } from 'node:http';

/** One answer, its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  json<T>(): T;
}

export interface Ask {
  readonly method?: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Cookie {
  readonly value: string;
  readonly domain: string;
  readonly hostOnly: boolean;
}

/**
 * A client that keeps cookies by name and domain (RFC 6265 section 5.3, of which the demo needs no more) and its
 * connections alive. It follows no redirect by itself.
 */
export interface Browser {
  ask(url: string, options?: Ask): Promise<Answer>;
  /** A navigation: follows redirects and counts them. */
  navigate(url: string): Promise<{ readonly answer: Answer; readonly redirects: readonly string[] }>;
  cookie(name: string): string | undefined;
  setCookie(name: string, value: string, domain: string): void;
  close(): void;
}

const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

export function createBrowser(): Browser {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const jar = new Map<string, Cookie>();

  const store = (host: string, lines: readonly string[]): void => {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const attribute = (key: string): string | undefined =>
        attributes.find((part) => part.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const domain = attribute('domain')?.toLowerCase();
      if (attribute('max-age') === '0') jar.delete(name);
      else
        jar.set(name, { value: pair.slice(name.length + 1), domain: domain ?? host, hostOnly: domain === undefined });
    }
  };
  const cookiesFor = (host: string): string =>
    [...jar]
      .filter(([, { domain, hostOnly }]) => host === domain || (!hostOnly && host.endsWith(`.${domain}`)))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');

  const ask = (url: string, { method = 'GET', json, headers = {} }: Ask = {}): Promise<Answer> =>
    new Promise((done, fail) => {
      const { hostname } = new URL(url);
      const cookie = cookiesFor(hostname);
      const body = json === undefined ? undefined : JSON.stringify(json);
      const outgoing = send(url, {
        method,
        agent,
        timeout: 15_000,
        headers: {
          ...(cookie !== '' && { cookie }),
          ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 15 s')));
      outgoing.on('error', fail);
      outgoing.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', fail);
        response.on('end', () => {
          store(hostname, response.headers['set-cookie'] ?? []);
          done({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text,
            json: <T>() => JSON.parse(text) as T,
          });
        });
      });
      outgoing.end(body);
    });

  return {
    ask,
    navigate: async (url) => {
      const redirects: string[] = [];
      let at = url;
      for (;;) {
        const answer = await ask(at, { headers: NAVIGATION });
        const { location } = answer.headers;
        if (answer.status < 300 || answer.status > 399 || location === undefined) return { answer, redirects };
        at = new URL(location, at).href;
        redirects.push(at);
        if (redirects.length > 20) throw new Error('redirected more than 20 times');
      }
    },
    cookie: (name) => jar.get(name)?.value,
    setCookie: (name, value, domain) => jar.set(name, { value, domain, hostOnly: false }),
    close: () => agent.destroy(),
  };
}
