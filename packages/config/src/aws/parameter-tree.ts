import type { Parameter } from '@aws-sdk/client-ssm';
import { SourceError } from '../failure.ts';
import { isPlain, refuseForbidden } from '../seal.ts';

/** A parameter and its place in the tree. */
export interface Named {
  readonly path: readonly string[];
  readonly parameter: Parameter;
}

/**
 * Returns the parameters as nested objects.
 *
 * @throws {SourceError} `invalid`: a name could reach a prototype (`forbidden-key`), or is both a value and a prefix of
 * others (`name-conflict`).
 */
export function parameterTree(found: readonly Named[]): Record<string, unknown> {
  const root: Record<string, unknown> = Object.create(null);
  for (const { path, parameter } of found) {
    let at = root;
    for (const [depth, name] of path.entries()) {
      refuseForbidden(name, undefined);
      if (name === 'prototype' && path[depth - 1] === 'constructor') throw new SourceError('invalid', 'forbidden-key');
      const known = at[name];
      if (depth === path.length - 1) {
        if (known !== undefined) throw new SourceError('invalid', 'name-conflict');
        at[name] = content(parameter);
      } else {
        if (known !== undefined && !isPlain(known)) throw new SourceError('invalid', 'name-conflict');
        at[name] = known ?? Object.create(null);
        at = at[name] as Record<string, unknown>;
      }
    }
  }
  return root;
}

function content({ Type, Value = '' }: Parameter): string | string[] {
  return Type === 'StringList' ? Value.split(',') : Value;
}
