import { connect } from 'node:tls';
import { codeOf } from '../../http.ts';
import { bad, type Layer, type LayerResult, ok, type SmokeContext, TIMEOUT_MS } from '../layer.ts';
import { addressFor } from '../resolve.ts';

const DAY_MS = 86_400_000;

/** The certificate is trusted, is for this name, and is valid today. */
export const tls: Layer = {
  name: 'tls',
  needs: 'origin',
  test: (context) =>
    (context.origin as string).startsWith('https:')
      ? handshake(context)
      : Promise.resolve(bad('the origin is http: there is no TLS')),
};

function handshake({ origin, resolved, ca, signal }: SmokeContext): Promise<LayerResult> {
  const { hostname, port } = new URL(origin as string);
  return new Promise((resolve) => {
    const socket = connect({
      host: addressFor(resolved, origin as string) ?? hostname,
      port: Number(port || 443),
      servername: hostname,
      ...(ca !== undefined && { ca }),
    });
    const settle = (result: LayerResult): void => {
      socket.destroy();
      signal.removeEventListener('abort', interrupted);
      resolve(result);
    };
    const interrupted = (): void => settle(bad('interrupted'));
    signal.addEventListener('abort', interrupted, { once: true });
    socket.setTimeout(TIMEOUT_MS, () => settle(bad('no handshake in time')));
    socket.on('error', (error) => settle(bad(`no handshake (${codeOf(error)})`)));
    socket.on('secureConnect', () => {
      const untilMs = Date.parse(socket.getPeerCertificate().valid_to);
      settle(
        ok(
          `${socket.getProtocol()}, the certificate is valid for ${Math.floor((untilMs - Date.now()) / DAY_MS)} days more`,
        ),
      );
    });
  });
}
