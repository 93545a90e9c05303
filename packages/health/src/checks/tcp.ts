import { connect } from 'node:net';
import { check } from '@regionkit/core/kit';
import type { Check } from './check.ts';

/** Checks that a server accepts connections at this port. Nothing is sent. */
export function tcpCheck({ host, port }: { readonly host: string; readonly port: number }): Check {
  check.string('checks.tcp: host', host);
  check.integer('checks.tcp: port', port, { min: 1, max: 65_535 });
  return (signal) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ host, port, signal });
      socket.on('error', reject);
      socket.on('connect', () => {
        socket.destroy();
        resolve();
      });
    });
}
