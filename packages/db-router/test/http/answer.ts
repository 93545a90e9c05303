import { raw } from './helpers.ts';

/** An HTTP/1.1 answer as its bytes say, interim ones apart. */
export interface RawAnswer {
  readonly interim: readonly string[];
  readonly statusLine: string;
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly trailers: string;
  /** What came behind it. */
  readonly rest: string;
  field(name: string): string | undefined;
}

/** @param method of the request: the answer to HEAD has no body whatever its fields say */
export function parseAnswer(text: string, method: string): RawAnswer {
  const interim: string[] = [];
  let at = 0;
  let head = '';
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end === -1) throw new Error(`no head in ${JSON.stringify(text.slice(0, 200))}`);
    head = text.slice(at, end);
    at = end + 4;
    if (!/^HTTP\/1\.\d 1\d\d/.test(head)) break;
    interim.push(head);
  }
  const [statusLine = '', ...lines] = head.split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const field = (name: string) => fields.find(([key]) => key.toLowerCase() === name)?.[1];
  const status = Number(statusLine.split(' ')[1]);
  const rest = text.slice(at);
  const answer = { interim, statusLine, status, fields, field };
  if (method === 'HEAD' || status === 204 || status === 304) return { ...answer, body: '', trailers: '', rest };
  if (/chunked/i.test(field('transfer-encoding') ?? '')) return { ...answer, ...unchunk(rest) };
  const length = field('content-length');
  if (length === undefined) return { ...answer, body: rest, trailers: '', rest: '' };
  if (rest.length < Number(length)) throw new Error(`${rest.length} of ${length} bytes came`);
  return { ...answer, body: rest.slice(0, Number(length)), trailers: '', rest: rest.slice(Number(length)) };
}

function unchunk(text: string): { body: string; trailers: string; rest: string } {
  let body = '';
  let at = 0;
  for (;;) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) throw new Error('a chunk is missing');
    const size = Number.parseInt(text.slice(at, line), 16);
    at = line + 2;
    if (size === 0) {
      const end = text.indexOf('\r\n\r\n', at - 2);
      return { body, trailers: text.slice(at, end), rest: text.slice(end + 4) };
    }
    body += text.slice(at, at + size);
    at += size + 2;
  }
}

/** Asks once over a connection of its own, with exactly these bytes. */
export async function ask(
  port: number,
  method: string,
  path: string,
  fields: readonly string[] = [],
  body = '',
): Promise<RawAnswer> {
  const head = [`${method} ${path} HTTP/1.1`, 'Host: app.example.com', 'Connection: close', ...fields];
  return parseAnswer(await raw(port, Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1')), method);
}
