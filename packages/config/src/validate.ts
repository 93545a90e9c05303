import { randomUUID } from 'node:crypto';
import { type Path, SourceError } from './failure.ts';
import { isPlain } from './seal.ts';
import type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.ts';

const MAX_PROBLEMS = 20;
const MAX_SEGMENTS = 12;

/**
 * What the schema makes of `value`.
 *
 * Nothing of a vendor's issue is kept but its path, since messages and issue objects quote the value; and of the path
 * only the names that are proven to be the schema's own. The others came with the value (a stray member of a strict
 * object, a key of a record) and are shown as `*`.
 *
 * @throws {SourceError} `invalid`, `schema`, with the paths it refused.
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
      const known = names.has(String(segment)) || (await isAskedFor(schema, value, path.slice(0, depth), segment));
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

/** Every property name the schema writes down, if its vendor can write JSON Schema. */
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
    // A schema that cannot be written down is asked instead.
  }
  return names;
}

/**
 * Whether the schema asks for a name by itself: one that is not in the value it must have asked for; one that is there
 * is renamed in a copy, and the schema must then miss the old name. An index tells nothing.
 */
async function isAskedFor(
  schema: StandardSchema,
  value: unknown,
  parents: readonly PropertyKey[],
  segment: PropertyKey,
): Promise<boolean> {
  if (typeof segment === 'symbol') return false;
  const parent = parents.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  if (Array.isArray(parent)) return true;
  if (!isPlain(parent)) return false;
  if (!Object.hasOwn(parent, segment)) return true;
  const renamed = Object.fromEntries(
    Object.entries(parent).map(([key, inner]) => [key === String(segment) ? randomUUID() : key, inner]),
  );
  try {
    const { issues = [] } = await run(schema, replaced(value, parents, renamed));
    const wanted = [...parents, segment].map(String);
    return issues.some((issue) => {
      const path = pathOf(issue).map(String);
      return wanted.every((key, depth) => path[depth] === key);
    });
  } catch {
    return false;
  }
}

function replaced(value: unknown, path: readonly PropertyKey[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((item, index) => (String(index) === String(key) ? replaced(item, rest, by) : item));
  }
  const object = value as Record<PropertyKey, unknown>;
  return { ...object, [key]: replaced(object[key], rest, by) };
}
