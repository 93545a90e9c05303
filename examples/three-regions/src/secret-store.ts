import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigningKeys } from '@regionkit/session';

/** Secrets as files, as an orchestrator mounts them: each is replaced whole, never written in place. */
export interface SecretStore {
  readonly directory: string;
  /** One rotation of the token secret and the signing key. Every process must hold what a step writes before the next. */
  readonly rotation: readonly RotationStep[];
}

export interface RotationStep {
  readonly says: string;
  readonly writes: readonly SecretName[];
  apply(): Promise<void>;
}

/** The secrets that are rotated, by the names of their files. */
export const ROTATED = ['tokens', 'jwt-public', 'jwt-signing'] as const;
export type SecretName = (typeof ROTATED)[number];

/** What a process of the app tells the stage whenever its configuration takes a new value. */
export interface SecretTaken {
  readonly taken: SecretName;
}

export async function createSecretStore(parent: string): Promise<SecretStore> {
  const directory = join(parent, 'secrets');
  await mkdir(directory, { mode: 0o700 });
  const write = async (name: string, value: unknown): Promise<void> => {
    const path = join(directory, `${name}.json`);
    await writeFile(`${path}.next`, JSON.stringify(value), { mode: 0o600 });
    await rename(`${path}.next`, path);
  };
  const secret = (): string => randomBytes(32).toString('base64url');
  const [oldToken, newToken] = [secret(), secret()];
  const [oldKeys, newKeys] = [
    await generateSigningKeys({ algorithm: 'ES256' }),
    await generateSigningKeys({ algorithm: 'ES256' }),
  ];

  await write('tokens', [oldToken]);
  await write('peers', [secret()]);
  await write('jwt-public', { keys: [oldKeys.publicJwk] });
  await write('jwt-signing', oldKeys.privateJwk);

  return {
    directory,
    rotation: [
      {
        says: 'the new token secret and the new public key are distributed; nothing is signed with them yet',
        writes: ['tokens', 'jwt-public'],
        apply: async () => {
          await write('tokens', [oldToken, newToken]);
          await write('jwt-public', { keys: [oldKeys.publicJwk, newKeys.publicJwk] });
        },
      },
      {
        says: 'both sign from now on; what the old ones signed still verifies',
        writes: ['tokens', 'jwt-signing'],
        apply: async () => {
          await write('tokens', [newToken, oldToken]);
          await write('jwt-signing', newKeys.privateJwk);
        },
      },
      { says: 'the old token secret is gone', writes: ['tokens'], apply: () => write('tokens', [newToken]) },
    ],
  };
}
