import type { StandardIssue, StandardResult, StandardSchema } from '@regionkit/core';
import { type Path, SourceError } from './failure.ts';
import { isPlain } from './seal.ts';

const MAX_PROBLEMS = 20;
const MAX_SEGMENTS = 12;

/**
 * Returns the output of the schema for `value`.
 *
 * Of a vendor's issue only the path is kept, because messages and issue objects contain the value. Of the path only
 * names are kept that certainly belong to the schema. Other names came with the value (an extra member of a strict
 * object, a key of a record) and are shown as `*`.
 *
 * @throws {SourceError} `invalid`, `schema`, with the refused paths.
 */
export async function validate<T>(schema: StandardSchema<unknown, T>, value: unknown): Promise<T> {
  const result = await run(schema, value);
  if (result.issues === undefined) return result.value;
  const names = declaredNames(schema);
  const paths = new Map<string, Path>();
  for (const issue of result.issues.slice(0, MAX_PROBLEMS)) {
    const path = pathOf(issue).slice(0, MAX_SEGMENTS);
    const safe: string[] = [];
    for (const [depth, segment] of path.entries()) {
      const known = names.has(String(segment)) || (await isHarmless(schema, value, path.slice(0, depth), segment));
      safe.push(known ? String(segment) : '*');
    }
    paths.set(JSON.stringify(safe), safe);
  }
  throw new SourceError('invalid', 'schema', [...paths.values()]);
}

async function run<T>(schema: StandardSchema<unknown, T>, value: unknown): Promise<StandardResult<T>> {
  try {
    return await schema['~standard'].validate(value);
  } catch {
    throw new SourceError('invalid', 'schema');
  }
}

function pathOf(issue: StandardIssue): PropertyKey[] {
  return (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
}

/** Every property name in the schema, if its vendor can export JSON Schema. */
function declaredNames(schema: StandardSchema): ReadonlySet<string> {
  const names = new Set<string>();
  const collect = (node: unknown, depth: number): void => {
    if (typeof node !== 'object' || node === null || depth > 64) return;
    for (const [key, inner] of Object.entries(node)) {
      if (key === 'properties' && isPlain(inner)) for (const name of Object.keys(inner)) names.add(name);
      collect(inner, depth + 1);
    }
  };
  try {
    collect(schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' }), 0);
  } catch {
    // A schema without an export is tested instead.
  }
  return names;
}

/**
 * Whether a path segment is not secret: an index of a list, or a name that the schema also reports for an input without
 * any part of the value.
 */
async function isHarmless(
  schema: StandardSchema,
  value: unknown,
  parents: readonly PropertyKey[],
  segment: PropertyKey,
): Promise<boolean> {
  const parent = parents.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  if (Array.isArray(parent)) return Object.hasOwn(parent, segment) && segment !== 'length';
  const wanted = [...parents, segment].map(String);
  try {
    const { issues = [] } = await run(schema, emptyAt(parents, value));
    return issues.some((issue) => {
      const path = pathOf(issue).map(String);
      return wanted.every((key, depth) => path[depth] === key);
    });
  } catch {
    return false;
  }
}

/** Empty objects as deep as `path` leads, in lists where the value has lists. */
function emptyAt(path: readonly PropertyKey[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return {};
  const inner = emptyAt(rest, (value as Record<PropertyKey, unknown> | undefined)?.[key]);
  return Array.isArray(value) ? value.map(() => inner) : { [key]: inner };
}
