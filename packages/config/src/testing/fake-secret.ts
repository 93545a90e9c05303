import type { Clock } from '@regionkit/core/kit';
import { type SecretContent, type SecretState, type SecretVersion, withStage, withVersion } from './secret-store.ts';
import type { RegionalSecret } from './secrets-manager.ts';

export interface FakeSecretOptions {
  /** Objects are stored as JSON. */
  readonly value: SecretContent | Readonly<Record<string, unknown>>;
  /** The region of the primary secret. @default the first region */
  readonly region?: string;
  /** The regions of its replicas. @default every other region */
  readonly replicas?: readonly string[];
  /** How long a change takes to reach a replica, in milliseconds. @default 0 */
  readonly replicationMs?: number;
}

/** The two steps of a rotation function outside of Secrets Manager. */
export interface RotationSteps {
  /** Sets the pending credentials in the database. */
  setSecret?(pending: string): void | Promise<void>;
  /** Tests the pending credentials. */
  testSecret?(pending: string): void | Promise<void>;
}

/** A secret and its replicas. */
export interface FakeSecret {
  readonly name: string;
  /** Returns the ARN in the primary's region, or in another region. */
  arn(region?: string): string;
  /** Returns the version with this stage, in the primary's region or in another. */
  versionId(stage?: string, region?: string): string | undefined;
  /** Stores a new version, as PutSecretValue does, and returns its id. @default stages ['AWSCURRENT'] */
  put(value: FakeSecretOptions['value'], options?: { readonly stages?: readonly string[] }): string;
  /** Moves a stage, as UpdateSecretVersionStage does. */
  stage(stage: string, versionId: string): void;
  /** Runs the four steps of a rotation: create, set, test, finish. Resolves to the id of the new version. */
  rotate(value: FakeSecretOptions['value'], steps?: RotationSteps): Promise<string>;
  /** Stops replication to this region until `resumeReplication` is called. */
  pauseReplication(region: string): void;
  /** Continues replication. The replica catches up. */
  resumeReplication(region: string): void;
  /** Makes a replica an independent secret that the primary no longer updates. Use the SDK to write to it. */
  promote(region: string): void;
  /** Marks it for deletion in every region. */
  delete(): void;
}

/** A secret, and what each region's endpoint reads of it. */
export interface OwnedSecret {
  readonly secret: FakeSecret;
  in(region: string): RegionalSecret | undefined;
}

export interface FakeSecretContext {
  readonly name: string;
  readonly regions: readonly string[];
  readonly account: string;
  readonly partition: string;
  readonly suffix: string;
  readonly clock: Clock;
}

export function createFakeSecret(context: FakeSecretContext, options: FakeSecretOptions): OwnedSecret {
  const { name, regions, account, partition, suffix, clock } = context;
  const { region: home = regions[0] as string, replicationMs = 0 } = options;
  const replicas = new Set(options.replicas ?? regions.filter((region) => region !== home));
  const states = new Map<string, SecretState>();
  const paused = new Map<string, SecretState | undefined>();
  const standalone = new Set<string>();
  let lastMs = 0;

  const nextMs = (): number => {
    lastMs = Math.max(clock.wallMs(), lastMs + 1);
    return lastMs;
  };
  const reach = (region: string, state: SecretState): void => {
    if (standalone.has(region)) return;
    if (paused.has(region)) paused.set(region, state);
    else states.set(region, state);
  };
  const write = (state: SecretState): void => {
    states.set(home, state);
    for (const region of replicas) {
      if (replicationMs === 0) reach(region, state);
      else clock.schedule(() => reach(region, state), replicationMs);
    }
  };
  const state = (region = home): SecretState => states.get(region) ?? { versions: [], deleted: false };
  const put: FakeSecret['put'] = (value, { stages = ['AWSCURRENT'] } = {}) => {
    const next = withVersion(state(), { content: contentOf(value), createdAtMs: nextMs() }, stages);
    write(next);
    return (next.versions.at(-1) as SecretVersion).id;
  };
  const stage: FakeSecret['stage'] = (label, id) => write(withStage(state(), label, id));
  const arn: FakeSecret['arn'] = (region = home) =>
    `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-${suffix}`;

  write(withVersion(state(), { content: contentOf(options.value), createdAtMs: nextMs() }, ['AWSCURRENT']));
  for (const region of replicas) states.set(region, state());

  return {
    in: (region) => {
      if (!states.has(region)) return undefined;
      const own = region === home ? write : (next: SecretState): unknown => states.set(region, next);
      return {
        name,
        arn: arn(region),
        state: state(region),
        write: region === home || standalone.has(region) ? (next) => void own(next) : undefined,
      };
    },
    secret: {
      name,
      arn,
      put,
      stage,
      versionId: (label = 'AWSCURRENT', region = home) =>
        state(region).versions.find(({ stages }) => stages.includes(label))?.id,
      rotate: async (value, steps = {}) => {
        const content = contentOf(value);
        const pending = typeof content === 'string' ? content : Buffer.from(content).toString('base64');
        const id = put(content, { stages: ['AWSPENDING'] });
        await steps.setSecret?.(pending);
        await steps.testSecret?.(pending);
        stage('AWSCURRENT', id);
        return id;
      },
      pauseReplication: (region) => {
        paused.set(region, undefined);
      },
      resumeReplication: (region) => {
        const missed = paused.get(region);
        paused.delete(region);
        if (missed !== undefined) reach(region, missed);
      },
      promote: (region) => {
        standalone.add(region);
      },
      delete: () => write({ ...state(), deleted: true }),
    },
  };
}

function contentOf(value: FakeSecretOptions['value']): SecretContent {
  return typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value);
}
