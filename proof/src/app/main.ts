import { once } from 'node:events';
import type { RouterEvents } from '@regionkit/db-router';
import { watchStalls } from '../history/stalls.ts';
import type { Region } from '../regions.ts';
import type { Sample } from '../soak/sample.ts';
import { createProofApp } from './app.ts';
import { createProbe } from './probe.ts';
import { fromEnvironment } from './settings.ts';
import { makeStrayToken } from './stray.ts';
import { stepWallClock } from './wall-clock.ts';

/** What the proof tells an app. */
export type Order =
  | { readonly order: 'step-clock'; readonly ms: number }
  | { readonly order: 'forget-epoch' }
  | { readonly order: 'stray' }
  | { readonly order: 'pause'; readonly forMs: number; readonly processes: Readonly<Record<Region, number>> }
  | { readonly order: 'resume' }
  | { readonly order: 'sample' };

/** What an app tells the proof. */
export type Report =
  | { readonly report: 'listening' }
  | { readonly report: 'forgot' }
  | { readonly report: 'stray'; readonly token: string }
  | { readonly report: 'paused'; readonly drained: boolean; readonly leftMs: number; readonly why: string }
  | { readonly report: 'resumed'; readonly wasPaused: boolean }
  | { readonly report: 'sample'; readonly sample: Sample }
  | { readonly report: 'stall'; readonly ms: number }
  | { readonly report: 'event'; readonly name: string; readonly payload: unknown };

/** Worth reading in a history; the rest happens with every other request. */
const TOLD: readonly (keyof RouterEvents)[] = [
  'primary',
  'primary-lost',
  'node',
  'fenced',
  'twin-primaries',
  'foreign-system',
  'unconfirmed',
  'writes-paused',
  'writes-resumed',
  'epoch',
  'epoch-reset',
  'store-failed',
  'suspended',
  'replay-regressed',
  'outcome-unknown',
  'write-lost-suspected',
  'write-fate-unknown',
  'token-invalid',
  'token-elsewhere',
  'token-late',
  'position-unknown',
  'leak',
];

const DRAIN_MS = 4_000;

const settings = fromEnvironment(process.env);
const { server, router, pools } = createProofApp(settings);
const probe = settings.probed ? createProbe({ router, emitters: { server, ...pools } }) : undefined;
const send = (report: Report): void => void process.send?.(report);
const plain = (payload: unknown): unknown =>
  JSON.parse(JSON.stringify(payload, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));
for (const name of TOLD) router.on(name, (payload) => send({ report: 'event', name, payload: plain(payload) }));

watchStalls((ms) => send({ report: 'stall', ms }));
process.on('message', (order: Order) => {
  if (order.order === 'step-clock') stepWallClock(order.ms);
  else if (order.order === 'sample') {
    if (probe !== undefined) send({ report: 'sample', sample: probe.sample() });
  } else if (order.order === 'pause') {
    router.pauseWrites({ timeoutMs: order.forMs, drainTimeoutMs: DRAIN_MS, processes: order.processes }).then(
      ({ drained, leftMs, waitingFor }) =>
        send({
          report: 'paused',
          drained,
          leftMs,
          why: waitingFor.map(({ region, why }) => `${region} ${why}`).join(),
        }),
      (error: Error) => send({ report: 'paused', drained: false, leftMs: 0, why: error.message }),
    );
  } else if (order.order === 'resume') {
    send({ report: 'resumed', wasPaused: router.resumeWrites() });
  } else if (order.order === 'stray') {
    makeStrayToken(settings.databases[settings.region], settings.secret)
      .then((token) => send({ report: 'stray', token }))
      .catch((error: unknown) => process.stderr.write(`${error}\n`));
  } else {
    const forgot = router.resetEpoch('the twins were settled');
    forgot.then(() => send({ report: 'forgot' })).catch((error: unknown) => process.stderr.write(`${error}\n`));
  }
});
process.on('disconnect', () => process.exit(0));
server.listen(settings.port, '127.0.0.1');
await once(server, 'listening');
send({ report: 'listening' });
