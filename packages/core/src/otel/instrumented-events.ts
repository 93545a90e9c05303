/**
 * The fields that the instruments read of each event. Each is a part of the payload on `regionkit:<package>:<event>`.
 */
export interface InstrumentedEvents {
  'core:failure': { readonly part: string };

  'affinity:decision': { readonly action: string; readonly reason: string; readonly region?: string };
  'affinity:failover': { readonly from: string; readonly to: string; readonly target: string };
  'affinity:loop-prevented': { readonly guard: string; readonly region: string };
  'affinity:cookie-skipped': { readonly reason: string };

  'gate:decision': { readonly reason: string; readonly region?: string };
  'gate:hold': object;
  'gate:forwarded': { readonly region: string; readonly status: number; readonly headMs: number };
  'gate:forward-failed': {
    readonly error: { readonly code: string; readonly outcome: string; readonly region: string };
  };
  'gate:hop': { readonly mark: string };

  'db-router:primary': { readonly region: string; readonly missingForMs: number };
  'db-router:primary-lost': { readonly state: string };
  'db-router:node': { readonly node: string; readonly to: string };
  'db-router:probe-failed': { readonly node: string; readonly code: string };
  'db-router:fenced': { readonly node: string };
  'db-router:twin-primaries': object;
  'db-router:epoch-regressed': object;
  'db-router:same-server': object;
  'db-router:foreign-system': { readonly node: string };
  'db-router:unconfirmed': object;
  'db-router:epoch': { readonly from: string };
  'db-router:epoch-reset': object;
  'db-router:epoch-void': object;
  'db-router:store-failed': { readonly action: string };
  'db-router:suspended': object;
  'db-router:replay-regressed': { readonly node: string };
  'db-router:hold': object;
  'db-router:hold-ended': { readonly heldMs: number; readonly by: string };
  'db-router:writes-paused': { readonly region: string };
  'db-router:writes-resumed': { readonly by: string; readonly pausedMs: number };
  'db-router:route': { readonly intent: string; readonly reason: string; readonly node: string };
  'db-router:retry': { readonly intent: string; readonly code: string };
  'db-router:outcome-unknown': { readonly node: string };
  'db-router:write-lost-suspected': object;
  'db-router:write-fate-unknown': object;
  'db-router:token-invalid': object;
  'db-router:token-elsewhere': object;
  'db-router:token-late': object;
  'db-router:position-unknown': { readonly node: string };
  'db-router:leak': { readonly node: string; readonly why: string };
  'db-router:stale-read': { readonly node: string };

  'health:change': {
    readonly to: {
      readonly status: string;
      readonly reads: string;
      readonly writes: string;
      readonly accept: string;
      readonly phase: string;
    };
  };
  'health:check': { readonly name: string; readonly reason: string; readonly durationMs: number };
  'health:stale': { readonly name: string };
  'health:peer': { readonly region: string; readonly reason: string; readonly durationMs: number };
  'health:drain': { readonly phase: string };
  'health:drain-step': { readonly step: string };
  'health:drain-hook-failed': { readonly name: string; readonly reason: string };

  'session:keys': object;
  'session:keys-rejected': { readonly reason: string };
  'session:keys-expired': object;
  'session:epochs-rejected': object;
  'session:unknown-kid': { readonly refresh: string };
  'session:rejected': { readonly reason: string };
  'session-issuer:signing-key': object;
  'session-issuer:signing-key-rejected': { readonly reason: string };

  'config:change': { readonly key: string };
  'config:refreshed': { readonly key: string; readonly outcome: string };
  'config:refresh-failed': { readonly key: string; readonly failure: string };
  'config:fallback': { readonly key: string; readonly to: string; readonly failure: string };
  'config:expired': { readonly key: string };
  'config:jump': object;
  'config:subscriber-failed': { readonly key: string };
}
