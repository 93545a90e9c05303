import { bundled } from '../bundle/bundled.ts';
import { installed } from '../bundle/installed.ts';
import type { Group } from '../group.ts';
import type { Sample } from '../sample.ts';
import { type Bar, judge, type TrialResult } from '../trial.ts';

interface Entry {
  readonly entry: string;
  /** @default entry */
  readonly name?: string;
  /** Its package, if the entry is not its root. @default entry */
  readonly from?: string;
  /** What an app that uses it has already. */
  readonly external?: readonly string[];
  /** The most it may weigh, minified and compressed: what a size check holds it to. */
  readonly budgetBytes?: number;
}

const AWS = ['@aws-sdk/client-secrets-manager', '@aws-sdk/client-ssm'];
const TABLES: readonly {
  readonly title: string;
  readonly notes?: readonly string[];
  readonly entries: readonly Entry[];
}[] = [
  {
    title: 'core',
    entries: [
      { entry: '@regionkit/core', budgetBytes: 9_250 },
      // The tools that several packages had twice (limits of a backoff, codes of errors, rare refreshes): 0.1 KB.
      // A set that leaves no garbage to the slow collection: 0.1 KB.
      // One storage for the contexts of all packages: 0.1 KB.
      // A moment that is kept on the monotonic clock and shown as a time of the day: 0.1 KB.
      { entry: '@regionkit/core/kit', from: '@regionkit/core', budgetBytes: 5_550 },
      { entry: '@regionkit/core/operator', from: '@regionkit/core', budgetBytes: 2_400 },
      { entry: '@regionkit/core/testing', from: '@regionkit/core', budgetBytes: 1_000 },
      { entry: '@regionkit/core/otel', from: '@regionkit/core', external: ['@opentelemetry/api'], budgetBytes: 2_500 },
    ],
  },
  { title: 'affinity', entries: [{ entry: '@regionkit/affinity', budgetBytes: 12_500 }] },
  {
    title: 'router',
    notes: [
      'Without `pg`, `kysely` and `drizzle-orm`: the app that needs one has it already.',
      'The bar of the router was 42,000. `fakeRouter()` left it (0.9 KB). The rest pays for 5.7 KB that keep data right. One region alone proves no jump of the timeline. A process of the same region can confirm the primary. Writes wait while a silent pool may hide the old primary. Environments are kept apart by name. Submittables that would never settle are refused. Swapped URLs are reported. A process takes over what the one before it knew.',
      'The pause of the writes before a switchover added 2.6 KB: every process must follow it, hold new writes, and count the writes under way.',
      'A reset that reaches every process added 1.2 KB: each process accepts a void of a server that it knows, repeats it, and ends it when it is wrong. The smaller files of the judgement cost 0.2 KB.',
      'Statements that wait behind the query for a position are reported as not sent, and two queries in one write are tried again after a miss: 0.4 KB.',
      'The clients that are handed out are in a set that leaves no garbage to the slow collection: 0.1 KB.',
      'One AsyncLocalStorage for all scopes, requests that make fewer objects, and events of a request in the scopes of all its doors: 0.4 KB. The statements that go out with BEGIN and COMMIT: 0.2 KB.',
      'Regions that are asked again after a thaw: 0.2 KB.',
      'The fast path for statements in a scope, and pool events that are followed once there is a listener: 0.3 KB.',
      'Frequent probes after a forward that got no answer: 0.1 KB.',
      'A statement that is tried again in the async context of its caller: 0.1 KB.',
      'A process that starts asks its siblings for a pause before it writes, and a write that waits for a primary obeys the pause: 0.2 KB.',
      'Pools that no library can take for the options of a connection, and a late position that is asked in the context of its caller: 0.3 KB.',
      'Pings of near standbys while a write is held: 0.3 KB.',
    ],
    entries: [
      { entry: '@regionkit/db-router', external: ['pg'], budgetBytes: 54_750 },
      { entry: '@regionkit/db-router/epoch-stores', from: '@regionkit/db-router', budgetBytes: 8_000 },
      // `batch()` and `onceIn()` cost 0.7 KB, literals in the texts of BEGIN and COMMIT 0.2 KB, a key that stays with its
      // write and answers that are checked in depth 0.4 KB.
      { entry: '@regionkit/db-router/ledger', from: '@regionkit/db-router', external: ['pg'], budgetBytes: 5_350 },
      { entry: '@regionkit/db-router/tail', from: '@regionkit/db-router', external: ['pg'], budgetBytes: 8_100 },
      {
        entry: '@regionkit/db-router/kysely',
        from: '@regionkit/db-router',
        external: ['pg', 'kysely'],
        budgetBytes: 3_500,
      },
      // The regions in memory speak the protocol of PostgreSQL, in 7 KB.
      { entry: '@regionkit/db-router/testing', from: '@regionkit/db-router', external: ['pg'], budgetBytes: 12_550 },
      { entry: 'kysely-replication', external: ['kysely'] },
      {
        entry: 'aws-advanced-nodejs-wrapper/pg',
        from: 'aws-advanced-nodejs-wrapper',
        external: ['pg', 'mysql2', ...AWS],
      },
    ],
  },
  {
    title: 'forwarding writes',
    entries: [
      { entry: '@regionkit/db-router/http', from: '@regionkit/db-router', external: ['pg'], budgetBytes: 200_000 },
      {
        name: '@regionkit/db-router/http, undici aside',
        entry: '@regionkit/db-router/http',
        from: '@regionkit/db-router',
        external: ['pg', 'undici'],
        // A view of the app may return a promise that rejects: the 0.1 KB more keep the process alive.
        // A token is judged once for each topology, and writes are held in a pause: 0.1 KB.
        // A write is counted when its decision is carried out, in a file of its own: 0.2 KB.
        // A head that Node refuses ends nothing: a token and a cookie can still be sent. 0.1 KB.
        // The running forwards are in a set that leaves no garbage to the slow collection: 0.1 KB.
        // An answer that cannot change is made into bytes once by the doors: 0.05 KB.
        budgetBytes: 22_900,
      },
      { entry: '@fastify/reply-from' },
      { name: '@fastify/reply-from, undici aside', entry: '@fastify/reply-from', external: ['undici'] },
      { entry: 'httpxy' },
    ],
  },
  {
    title: 'session',
    entries: [
      // Large moduli of new keys are tested for a prime in another thread: 0.1 KB. The bar was 29,200: checks in turn with
      // the event loop, headers and roles that are kept, tokens compared by connection or kept by option, and signatures
      // as DER take 1.3 KB, for half the time of a new token and a third less on Node 24. Expired tokens are refused from
      // memory: 0.1 KB.
      { entry: '@regionkit/session', budgetBytes: 30_850 },
      { entry: '@regionkit/session/hono', from: '@regionkit/session', budgetBytes: 1_500 },
      // An answer that cannot change is made into bytes once by the doors: 0.05 KB, here and below.
      // A provider that is away at the start is asked again: 0.2 KB.
      { entry: '@regionkit/session/oidc', from: '@regionkit/session', budgetBytes: 11_600 },
      // A cookie is renewed only if it holds the session of the request: 0.2 KB.
      { entry: '@regionkit/session/renewal', from: '@regionkit/session', budgetBytes: 8_400 },
      { entry: 'jose' },
      { entry: 'jsonwebtoken' },
      { entry: 'fast-jwt' },
      { entry: 'aws-jwt-verify' },
    ],
  },
  {
    title: 'config',
    notes: ['Without the AWS SDK, which all of them need for AWS.'],
    entries: [
      { entry: '@regionkit/config', budgetBytes: 12_500 },
      { entry: '@regionkit/config/aws', from: '@regionkit/config', external: AWS, budgetBytes: 7_000 },
      { entry: '@regionkit/config/stores', from: '@regionkit/config', budgetBytes: 4_500 },
      { entry: '@regionkit/config/testing', from: '@regionkit/config', external: AWS },
      {
        entry: '@aws-lambda-powertools/parameters/secrets',
        from: '@aws-lambda-powertools/parameters',
        external: AWS,
      },
      { entry: '@middy/secrets-manager', external: AWS },
    ],
  },
  {
    title: 'console',
    notes: [
      '10.3 KB of it are the page: its script (7.5 KB), its style and the HTML. The rest listens to the doors and checks what they send.',
    ],
    entries: [{ entry: '@regionkit/console', budgetBytes: 23_550 }],
  },
  {
    title: 'one package to start',
    notes: [
      'Core, affinity, health, router, write gate and session in one bundle. `@regionkit/ops`, which comes with it, is in none.',
    ],
    entries: [
      { entry: 'regionkit', external: ['pg'], budgetBytes: 286_800 },
      { name: 'regionkit, undici aside', entry: 'regionkit', external: ['pg', 'undici'], budgetBytes: 118_400 },
    ],
  },
  {
    title: 'lab',
    notes: ['For tests. Without `pg`, and without the PostgreSQL of the platform, which is an optional dependency.'],
    entries: [{ entry: '@regionkit/lab', external: ['pg'] }],
  },
  {
    title: 'health',
    notes: [
      'Without Fastify and Nest: the app that needs one has it already.',
      'The bar of health was 25,500. The 0.8 KB more report to the other regions what a database itself has shown, confirm the primary to a process that starts, and show the warnings in the detail.',
      'It was 26,700 until `health.follow()` added the checks of reads and writes, which every app had written itself: 0.5 KB.',
    ],
    entries: [
      // Reports from before a thaw are forgotten: 0.04 KB. A newcomer then waits for its siblings again, and a region says that
      // its database is down: 0.06 KB.
      // Why a region did not answer, told apart (a missing mount, a gateway, an error before health), writes that are unknown
      // after a start, and ages that do not follow the wall clock: 0.6 KB.
      // A question to its siblings that comes back to a process that starts is asked again: 0.05 KB.
      // A process that starts gets no traffic while a check of reads cannot judge, and its router hears at once that the siblings
      // were asked: 0.05 KB.
      // An answer that cannot change is made into bytes once, and a probe reads each clock once: 0.06 KB.
      { entry: '@regionkit/health', budgetBytes: 28_600 },
      { entry: '@regionkit/health/checks', from: '@regionkit/health', budgetBytes: 2_500 },
      { entry: '@regionkit/health/port', from: '@regionkit/health', budgetBytes: 2_500 },
      { entry: '@godaddy/terminus' },
      { entry: '@nestjs/terminus', external: ['@nestjs/common', '@nestjs/core', 'rxjs', 'reflect-metadata'] },
      { entry: '@fastify/under-pressure', external: ['fastify'] },
    ],
  },
];

/** What each weighs: in a bundle, and on the disk. */
export const group: Group = {
  name: 'bundle',
  run: async (tell) => {
    const results: TrialResult[] = [];
    for (const { title, notes = [], entries } of TABLES) {
      tell(title);
      const samples = new Map<string, readonly Sample[]>();
      for (const { entry, name = entry, from = entry, external = [] } of entries) {
        const { packages, kib } = installed(from);
        samples.set(name, [{ ...(await bundled(entry, external)), packages, installedKiB: kib }]);
      }
      results.push(
        judge(
          {
            title,
            notes,
            baseline: (entries[0] as Entry).entry,
            metrics: ['gzipBytes', 'minBytes', 'packages', 'installedKiB'],
            bars: entries.flatMap(({ entry, name = entry, budgetBytes }): Bar[] =>
              budgetBytes === undefined ? [] : [{ contender: name, metric: 'gzipBytes', atMost: budgetBytes }],
            ),
          },
          samples,
        ),
      );
    }
    return results;
  },
};
