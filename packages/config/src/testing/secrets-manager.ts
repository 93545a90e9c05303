import type { SecretState, SecretVersion } from './secret-store.ts';
import { versionOf, withStage, withVersion } from './secret-store.ts';
import { type Input, type Operation, page, text, texts, WireError } from './wire-error.ts';

/** One secret in one region. */
export interface RegionalSecret {
  readonly name: string;
  readonly arn: string;
  readonly state: SecretState;
  /** Replaces the state and replicates it. Undefined in a region that has only a replica. */
  readonly write: ((state: SecretState) => void) | undefined;
}

export interface SecretsManagerOptions {
  /** Returns the secrets that this region has now. */
  secrets(): readonly RegionalSecret[];
  nowMs(): number;
}

/** The operations of Secrets Manager that read and rotate secrets, for one region. */
export function secretsManager({ secrets, nowMs }: SecretsManagerOptions): Readonly<Record<string, Operation>> {
  const find = (id: string): RegionalSecret => {
    const found = secrets().find(({ name, arn }) => id === name || id === arn || id === arn.slice(0, -7));
    if (found === undefined) {
      throw new WireError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    if (found.state.deleted) {
      throw new WireError(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    }
    return found;
  };
  const writable = (input: Input) => {
    const secret = find(text(input, 'SecretId'));
    if (secret.write === undefined) {
      throw new WireError('InvalidRequestException', 'A replica cannot be changed: change its primary secret.');
    }
    return { ...secret, write: secret.write };
  };

  return {
    GetSecretValue: (input) => {
      const secret = find(text(input, 'SecretId'));
      return shown(secret, versionOf(secret.state, input['VersionId'], input['VersionStage']));
    },
    BatchGetSecretValue: (input) => {
      const { items, next } = page(texts(input, 'SecretIdList', 20), input, 20);
      const values: unknown[] = [];
      const errors: unknown[] = [];
      for (const id of items) {
        try {
          const secret = find(id);
          const [first] = secret.state.versions;
          const value = shown(secret, versionOf(secret.state, undefined, undefined));
          // As AWS documents it: this date belongs to the secret, not to the version.
          values.push({ ...value, CreatedDate: (first?.createdAtMs ?? 0) / 1_000 });
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          errors.push({ SecretId: id, ErrorCode: error.type, Message: error.message });
        }
      }
      return { SecretValues: values, Errors: errors, ...(next !== undefined && { NextToken: next }) };
    },
    DescribeSecret: (input) => {
      const { name, arn, state } = find(text(input, 'SecretId'));
      const stages = state.versions.filter((one) => one.stages.length > 0).map(({ id, stages }) => [id, stages]);
      return { ARN: arn, Name: name, VersionIdsToStages: Object.fromEntries(stages) };
    },
    PutSecretValue: (input) => {
      const secret = writable(input);
      const { SecretString, SecretBinary, ClientRequestToken, VersionStages } = input;
      const content =
        typeof SecretString === 'string' ? SecretString : Buffer.from(String(SecretBinary ?? ''), 'base64');
      const id = typeof ClientRequestToken === 'string' ? { id: ClientRequestToken } : {};
      const stages = (VersionStages as string[] | undefined) ?? ['AWSCURRENT'];
      const next = withVersion(secret.state, { ...id, content, createdAtMs: nowMs() }, stages);
      secret.write(next);
      const { id: versionId } = next.versions.at(-1) as SecretVersion;
      return { ARN: secret.arn, Name: secret.name, VersionId: versionId, VersionStages: stages };
    },
    UpdateSecretVersionStage: (input) => {
      const secret = writable(input);
      secret.write(withStage(secret.state, text(input, 'VersionStage'), text(input, 'MoveToVersionId')));
      return { ARN: secret.arn, Name: secret.name };
    },
  };
}

function shown({ name, arn }: RegionalSecret, { id, content, createdAtMs, stages }: SecretVersion): object {
  return {
    ARN: arn,
    Name: name,
    VersionId: id,
    VersionStages: stages,
    CreatedDate: createdAtMs / 1_000,
    ...(typeof content === 'string'
      ? { SecretString: content }
      : { SecretBinary: Buffer.from(content).toString('base64') }),
  };
}
