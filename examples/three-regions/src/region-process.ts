import { createServer } from 'node:http';
import { createOrdersApp } from './app.ts';
import { DNS_FORGETS_MS } from './dns.ts';
import { resolveLocalhostNames } from './localhost-names.ts';
import type { PauseAnswer, PauseOrder } from './pause-order.ts';
import { ROTATED, type SecretTaken } from './secret-store.ts';
import { settingsFrom } from './settings.ts';

// One region's process: started by the demo, ended by a signal.
resolveLocalhostNames();
const settings = settingsFrom(process.env);
if (settings.release?.fault === 'crash') throw new Error('this version does not start');
const { app, kit, operator } = await createOrdersApp(settings);
const { router, config } = kit;
// The stage waits for these: how long a refresh takes depends on the machine.
const told = { tokens: config.ref('tokens'), 'jwt-public': config.ref('jwt'), 'jwt-signing': config.ref('jwtSigning') };
for (const taken of ROTATED) told[taken].subscribe(() => void process.send?.({ taken } satisfies SecretTaken));
// The story pauses the writes by a message: it has no token of an operator.
process.on('message', (order: PauseOrder) => {
  router.pauseWrites({ processes: order.pauseWrites }).then(
    ({ drained, underWay }) => process.send?.({ drained, underWay } satisfies PauseAnswer),
    (error: Error) => process.send?.({ drained: false, underWay: 0, refusal: error.message } satisfies PauseAnswer),
  );
});
const server = createServer(app);
kit.drain(server, {
  // With room for a machine that is busy.
  notReadyForMs: 1.6 * DNS_FORGETS_MS,
  graceMs: 5_000,
  hooks: [{ name: 'operator', run: () => operator.close() }],
});
await router.ready();
await new Promise<void>((done) => server.listen(settings.ports[settings.region], '127.0.0.1', done));
process.send?.({ listening: true });
