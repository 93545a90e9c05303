import { randomUUID } from 'node:crypto';
import { WireError } from './wire-error.ts';

export type SecretContent = string | Uint8Array;

export interface SecretVersion {
  readonly id: string;
  readonly content: SecretContent;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  readonly stages: readonly string[];
}

/** The state of one secret in one region. It is immutable, and replication copies whole states. */
export interface SecretState {
  readonly versions: readonly SecretVersion[];
  readonly deleted: boolean;
}

/** Adds a version as the newest, with its stages. */
export function withVersion(
  state: SecretState,
  version: { readonly id?: string; readonly content: SecretContent; readonly createdAtMs: number },
  stages: readonly string[],
): SecretState {
  const { id = randomUUID(), content, createdAtMs } = version;
  if (state.versions.some((known) => known.id === id)) {
    throw new WireError('ResourceExistsException', 'A version with this id exists already.');
  }
  const added = { ...state, versions: [...state.versions, { id, content, createdAtMs, stages: [] }] };
  return stages.reduce<SecretState>((next, stage) => withStage(next, stage, id), added);
}

/** Moves a stage to a version. The former current version becomes the previous one. */
export function withStage(state: SecretState, stage: string, id: string): SecretState {
  if (!state.versions.some((version) => version.id === id)) {
    throw new WireError('ResourceNotFoundException', "Secrets Manager can't find the specified secret version.");
  }
  const before = state.versions.find((version) => version.stages.includes(stage));
  const move = (label: string, to: string, from: SecretState): SecretState => ({
    ...from,
    versions: from.versions.map((version) => {
      const others = version.stages.filter((one) => one !== label);
      return { ...version, stages: version.id === to ? [...others, label] : others };
    }),
  });
  const moved = move(stage, id, state);
  if (stage !== 'AWSCURRENT' || before === undefined || before.id === id) return moved;
  return move('AWSPREVIOUS', before.id, moved);
}

/** The version for an id, for a stage, or the current one. */
export function versionOf(state: SecretState, id: unknown, stage: unknown): SecretVersion {
  const wanted = stage ?? (id === undefined ? 'AWSCURRENT' : undefined);
  const found = state.versions.find(
    (version) =>
      (id === undefined || version.id === id) && (wanted === undefined || version.stages.includes(wanted as string)),
  );
  if (found === undefined) {
    throw new WireError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for staging label: ${wanted ?? id}`,
    );
  }
  return found;
}
