import { createHash } from 'node:crypto';
import { GetParametersByPathCommand, GetParametersCommand, type Parameter } from '@aws-sdk/client-ssm';
import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { SourceError } from '../failure.ts';
import type { Source } from '../source.ts';
import { checkRegion } from './arn.ts';
import { classify } from './classify.ts';
import type { AwsClients } from './clients.ts';
import { guard } from './guard.ts';
import { type Named, parameterTree } from './parameter-tree.ts';
import { sharedIn } from './shared.ts';

export interface ParametersOptions<T, O extends boolean> {
  /** Checks and transforms the values. @default no change */
  readonly schema?: StandardSchema<unknown, T>;
  /** Whether the app can start without them. @default false */
  readonly optional?: O;
  /** Time between two refreshes, in milliseconds. @default refresh.everyMs */
  readonly everyMs?: number;
  /** The regions that have them, in the order in which they are asked. @default the own region, then fallbackRegions */
  readonly regions?: readonly string[];
  /** The largest number of parameters under a path. @default 1_000 */
  readonly maxParameters?: number;
  /** @default clients made for this config */
  readonly clients?: AwsClients;
}

/** The value of a parameter. A StringList becomes a list. */
export type ParameterValue = string | readonly string[];

/** The parameters under a path: `/prod/app/db/host` under `/prod/app/` is `{ db: { host } }`. */
export interface ParameterTree {
  readonly [name: string]: ParameterValue | ParameterTree;
}

/**
 * The largest number of parameters in one call:
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
 */
const PAGE = 10;

type Send = (names: readonly string[] | { readonly path: string; readonly token: string | undefined }) => Promise<{
  readonly found: readonly Parameter[];
  readonly next: string | undefined;
}>;

/**
 * A source for parameters of AWS Systems Manager: all under a path, as a tree, or some by name, under your own keys.
 * Encrypted parameters are decrypted. Parameter Store does not replicate: every region that is asked must have the
 * parameters. Needs the permission `ssm:GetParametersByPath` or `ssm:GetParameters`.
 *
 * @example
 * ```ts
 * const app = parameters('/prod/app/', { schema: z.object({ port: z.coerce.number(), db: z.object({ host: z.string() }) }) });
 * const some = parameters({ port: '/prod/app/port' });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function parameters<T, O extends boolean = false>(
  from: string | Readonly<Record<string, string>>,
  options: ParametersOptions<T, O> & { readonly schema: StandardSchema<unknown, T> },
): Source<T, O>;
export function parameters<O extends boolean = false>(
  path: string,
  options?: Omit<ParametersOptions<never, O>, 'schema'>,
): Source<ParameterTree, O>;
export function parameters<K extends string, O extends boolean = false>(
  names: Readonly<Record<K, string>>,
  options?: Omit<ParametersOptions<never, O>, 'schema'>,
): Source<Readonly<Record<K, ParameterValue>>, O>;
export function parameters(
  from: string | Readonly<Record<string, string>>,
  options: ParametersOptions<unknown, boolean> = {},
): Source {
  check.object('parameters: options', options, [
    'schema',
    'optional',
    'everyMs',
    'regions',
    'maxParameters',
    'clients',
  ]);
  const { schema, optional, everyMs, regions, maxParameters = 1_000 } = options;
  check.integer('parameters: maxParameters', maxParameters, { min: 1 });
  if (typeof from === 'string') {
    if (!from.startsWith('/')) throw new RangeError('parameters: a path must begin with /');
  } else {
    for (const [key, name] of Object.entries(check.object('parameters: names', from))) {
      check.string(`parameters: names.${key}`, name);
    }
  }
  return {
    kind: 'parameters',
    schema,
    optional,
    everyMs,
    regions,
    load: async ({ region, signal, scope }) => {
      checkRegion(region);
      const client = sharedIn(scope, options.clients).clients.ssm(region);
      let endpoint: string | undefined;
      const send: Send = async (what) => {
        const sent =
          'path' in what
            ? new GetParametersByPathCommand({
                Path: what.path,
                Recursive: true,
                WithDecryption: true,
                MaxResults: PAGE,
                ...(what.token !== undefined && { NextToken: what.token }),
              })
            : new GetParametersCommand({ Names: [...what], WithDecryption: true });
        const guarded = guard(sent);
        try {
          const answer = await client.send(sent as GetParametersByPathCommand, { abortSignal: signal });
          endpoint = guarded.endpoint;
          return { found: answer.Parameters ?? [], next: answer.NextToken };
        } catch (error) {
          throw classify(error);
        }
      };
      const found = typeof from === 'string' ? await byPath(send, from, maxParameters) : await byName(send, from);
      if (found.length === 0) throw new SourceError('not-found');
      if (typeof from !== 'string' && schema === undefined && found.length < Object.keys(from).length) {
        throw new SourceError('not-found');
      }
      return {
        value: parameterTree(found),
        version: versionOf(found),
        ...(endpoint !== undefined && { endpoint }),
      };
    },
  };
}

async function byPath(send: Send, path: string, max: number): Promise<readonly Named[]> {
  const prefix = path.endsWith('/') ? path : `${path}/`;
  const found: Named[] = [];
  let token: string | undefined;
  do {
    const page = await send({ path, token });
    for (const parameter of page.found) {
      if (parameter.Name?.startsWith(prefix) !== true) throw new SourceError('refused');
      found.push({ path: parameter.Name.slice(prefix.length).split('/'), parameter });
    }
    if (found.length > max) throw new SourceError('invalid', 'too-large');
    token = page.next === token ? undefined : page.next;
  } while (token !== undefined);
  return found;
}

async function byName(send: Send, names: Readonly<Record<string, string>>): Promise<readonly Named[]> {
  const wanted = Object.entries(names);
  const unique = [...new Set(wanted.map(([, name]) => name))];
  const calls: Promise<{ readonly found: readonly Parameter[] }>[] = [];
  for (let at = 0; at < unique.length; at += PAGE) calls.push(send(unique.slice(at, at + PAGE)));
  const found = (await Promise.all(calls)).flatMap((page) => page.found);
  return wanted.flatMap(([key, name]) => {
    const parameter = found.find(({ Name, Selector = '', ARN }) => `${Name}${Selector}` === name || ARN === name);
    return parameter === undefined ? [] : [{ path: [key], parameter }];
  });
}

/** A hash of the version of each parameter, in sixteen characters. It contains nothing of their values. */
function versionOf(found: readonly Named[]): string {
  const lines = found.map(({ parameter }) => `${parameter.Name}=${parameter.Version}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}
