import { type Agent, type IncomingHttpHeaders, request as send } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly agent: Agent;
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Why there was no answer. `sent`: something may have left before. */
export interface Silence {
  readonly failure: string;
  readonly sent: boolean;
}

/** Asks once, and never throws: no answer is a finding like any other. */
export function ask({ agent, port, method, path, headers, timeoutMs }: Ask): Promise<Answer | Silence> {
  return new Promise((done) => {
    let reused = false;
    let connected = false;
    const outgoing = send({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => settle({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on('error', (error) => settle(silence(error)));
    });
    const silence = (error: Error): Silence => ({
      failure: (error as NodeJS.ErrnoException).code ?? error.message,
      sent: connected || reused,
    });
    const settle = (result: Answer | Silence): void => {
      clearTimeout(timer);
      done(result);
    };
    const timer = setTimeout(() => {
      settle({ failure: 'timeout', sent: connected || reused });
      outgoing.destroy();
    }, timeoutMs);
    outgoing.on('socket', (socket) => {
      reused = outgoing.reusedSocket;
      if (socket.connecting)
        socket.once('connect', () => {
          connected = true;
        });
      else connected = true;
    });
    outgoing.on('error', (error) => settle(silence(error)));
    outgoing.end(method === 'POST' ? '{}' : undefined);
  });
}
