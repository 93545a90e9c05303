import type { InstrumentedEvents } from './instrumented-events.ts';

/** How an event is recorded. */
export interface Row<Payload> {
  /**
   * The attributes: values from closed sets, or names from the app's configuration. Never a message, an identity or a
   * token.
   */
  readonly labels: (payload: Payload) => Readonly<Record<string, string | undefined>>;
  /** If present, the event is a histogram of durations instead of a counter. */
  readonly durationMs?: (payload: Payload) => number;
  /** States that hold until the next such event, as 0 or 1, by the name of the gauge. */
  readonly states?: Readonly<Record<string, (payload: Payload) => boolean>>;
}

const none = (): Record<string, never> => ({});

/** Unknown does not count as good. */
const good = (verdict: string): boolean => verdict === 'pass' || verdict === 'warn';

/**
 * Every event of every package. An event `regionkit:<package>:<event>` becomes the counter
 * `regionkit.<package>.<event>`, or the histogram `regionkit.<package>.<event>.duration` in seconds.
 */
export const table: { readonly [Event in keyof InstrumentedEvents]: Row<InstrumentedEvents[Event]> } = {
  'core:failure': { labels: ({ part }) => ({ part }) },

  'affinity:decision': { labels: ({ action, reason, region }) => ({ action, reason, region }) },
  'affinity:failover': { labels: ({ from, to, target }) => ({ from, to, target }) },
  'affinity:loop-prevented': { labels: ({ guard, region }) => ({ guard, region }) },
  'affinity:cookie-skipped': { labels: ({ reason }) => ({ reason }) },

  'gate:decision': { labels: ({ reason, region }) => ({ reason, region }) },
  'gate:hold': { labels: none },
  'gate:forwarded': {
    labels: ({ region, status }) => ({ region, status: `${Math.trunc(status / 100)}xx` }),
    durationMs: ({ headMs }) => headMs,
  },
  'gate:forward-failed': { labels: ({ error: { code, outcome, region } }) => ({ code, outcome, region }) },
  'gate:hop': { labels: ({ mark }) => ({ mark }) },

  'db-router:primary': {
    labels: ({ region }) => ({ region }),
    durationMs: ({ missingForMs }) => missingForMs,
    states: { 'regionkit.db-router.primary.known': () => true },
  },
  'db-router:primary-lost': {
    labels: ({ state }) => ({ state }),
    states: { 'regionkit.db-router.primary.known': () => false },
  },
  'db-router:node': { labels: ({ node, to }) => ({ node, to }) },
  'db-router:probe-failed': { labels: ({ node, code }) => ({ node, code }) },
  'db-router:fenced': { labels: ({ node }) => ({ node }) },
  'db-router:twin-primaries': { labels: none },
  'db-router:epoch-regressed': { labels: none },
  'db-router:same-server': { labels: none },
  'db-router:foreign-system': { labels: ({ node }) => ({ node }) },
  'db-router:unconfirmed': { labels: none },
  'db-router:epoch': { labels: ({ from }) => ({ from }) },
  'db-router:epoch-reset': { labels: none },
  'db-router:epoch-void': { labels: none },
  'db-router:store-failed': { labels: ({ action }) => ({ action }) },
  'db-router:suspended': { labels: none },
  'db-router:replay-regressed': { labels: ({ node }) => ({ node }) },
  'db-router:hold': { labels: none },
  'db-router:hold-ended': { labels: ({ by }) => ({ by }), durationMs: ({ heldMs }) => heldMs },
  'db-router:writes-paused': { labels: ({ region }) => ({ region }) },
  'db-router:writes-resumed': { labels: ({ by }) => ({ by }), durationMs: ({ pausedMs }) => pausedMs },
  'db-router:route': { labels: ({ intent, reason, node }) => ({ intent, reason, node }) },
  'db-router:retry': { labels: ({ intent, code }) => ({ intent, code }) },
  'db-router:outcome-unknown': { labels: ({ node }) => ({ node }) },
  'db-router:write-lost-suspected': { labels: none },
  'db-router:write-fate-unknown': { labels: none },
  'db-router:token-invalid': { labels: none },
  'db-router:token-elsewhere': { labels: none },
  'db-router:token-late': { labels: none },
  'db-router:position-unknown': { labels: ({ node }) => ({ node }) },
  'db-router:leak': { labels: ({ node, why }) => ({ node, why }) },
  'db-router:stale-read': { labels: ({ node }) => ({ node }) },

  'health:change': {
    labels: ({ to: { status, phase } }) => ({ status, phase }),
    states: {
      'regionkit.health.reads': ({ to }) => good(to.reads),
      'regionkit.health.writes': ({ to }) => good(to.writes),
      'regionkit.health.accept': ({ to }) => to.accept === 'yes',
    },
  },
  'health:check': { labels: ({ name, reason }) => ({ name, reason }), durationMs: ({ durationMs }) => durationMs },
  'health:stale': { labels: ({ name }) => ({ name }) },
  'health:peer': { labels: ({ region, reason }) => ({ region, reason }), durationMs: ({ durationMs }) => durationMs },
  'health:drain': { labels: ({ phase }) => ({ phase }) },
  'health:drain-step': { labels: ({ step }) => ({ step }) },
  'health:drain-hook-failed': { labels: ({ name, reason }) => ({ name, reason }) },

  'session:keys': { labels: none },
  'session:keys-rejected': { labels: ({ reason }) => ({ reason }) },
  'session:keys-expired': { labels: none },
  'session:epochs-rejected': { labels: none },
  'session:unknown-kid': { labels: ({ refresh }) => ({ refresh }) },
  'session:rejected': { labels: ({ reason }) => ({ reason }) },
  'session-issuer:signing-key': { labels: none },
  'session-issuer:signing-key-rejected': { labels: ({ reason }) => ({ reason }) },

  'config:change': { labels: ({ key }) => ({ key }) },
  'config:refreshed': { labels: ({ key, outcome }) => ({ key, outcome }) },
  'config:refresh-failed': { labels: ({ key, failure }) => ({ key, failure }) },
  'config:fallback': { labels: ({ key, to, failure }) => ({ key, to, failure }) },
  'config:expired': { labels: ({ key }) => ({ key }) },
  'config:jump': { labels: none },
  'config:subscriber-failed': { labels: ({ key }) => ({ key }) },
};
