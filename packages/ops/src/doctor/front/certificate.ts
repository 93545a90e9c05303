import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Look } from './request.ts';
import { reasonOf } from './request.ts';

/** What a server shows to a client that asks for a name. */
export interface Certificate {
  readonly endsAtMs: number;
  /** Why a client refuses it, as a code of Node: `CERT_HAS_EXPIRED`. Undefined where it does not. */
  readonly refusedBy: string | undefined;
}

interface Asked {
  readonly host: string;
  readonly port: number;
  /** The name that the client wants: `app.example.com` at the address of a region. */
  readonly name: string;
  readonly ca: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Opens a TLS connection and closes it. Never rejects. */
export function readCertificate({ host, port, name, ca, timeoutMs, signal }: Asked): Promise<Look<Certificate>> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ ok: false, why: 'failed' });
    const socket: TLSSocket = connect({
      host,
      port,
      ...(isIP(name) === 0 && { servername: name }),
      ...(ca !== undefined && { ca }),
      // The certificate is read, not trusted: nothing is sent over this connection.
      rejectUnauthorized: false,
    });
    const end = (result: Look<Certificate>): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(result);
    };
    const stop = (): void => end({ ok: false, why: 'failed' });
    const timer = setTimeout(() => end({ ok: false, why: 'timed-out' }), timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    socket.on('error', (error: NodeJS.ErrnoException) => end({ ok: false, why: reasonOf(error.code) }));
    socket.once('secureConnect', () => {
      const endsAtMs = Date.parse(socket.getPeerCertificate().valid_to ?? '');
      if (!Number.isFinite(endsAtMs)) return end({ ok: false, why: 'failed' });
      end({
        ok: true,
        value: { endsAtMs, refusedBy: socket.authorized ? undefined : codeOf(socket.authorizationError) },
      });
    });
  });
}

function codeOf(error: unknown): string {
  const code = typeof error === 'string' ? error : ((error as { readonly code?: string } | null)?.code ?? '');
  return /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'UNKNOWN';
}
