import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A certificate of its own issuer, in files. */
export interface MadeCertificate {
  readonly keyFile: string;
  readonly certFile: string;
}

/** Makes a certificate for names, which ends in so many days. The program `openssl` must be there. */
export function makeCertificate(names: readonly string[], days: number): MadeCertificate {
  const directory = mkdtempSync(join(tmpdir(), 'regionkit-cert-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const san = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`;
  // biome-ignore format: one flag and its value a line
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', keyFile, '-out', certFile, '-days', String(days), '-subj', `/CN=${names[0]}`, '-addext', san,
  ], { stdio: 'ignore' });
  return { keyFile, certFile };
}

/** An app on loopback. @returns its origin, with the host `127.0.0.1`, or `localhost` with a certificate */
export async function webServer(handler: RequestListener, certificate?: MadeCertificate): Promise<string> {
  const server: Server =
    certificate === undefined
      ? createServer(handler)
      : createSecureServer(
          { key: readFileSync(certificate.keyFile), cert: readFileSync(certificate.certFile) },
          handler,
        );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return certificate === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
}

export const pass: RequestListener = (_request, response) => void response.end('{"status":"pass"}');

/** A body without end, as fast as it is read. */
export function endless(response: ServerResponse): void {
  const more = (): void =>
    void (response.write('x'.repeat(65_536)) ? setImmediate(more) : response.once('drain', more));
  more();
}

/** A body without end, a byte at a time: no pause in it is long. */
export function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}
