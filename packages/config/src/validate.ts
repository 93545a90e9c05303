import type { StandardIssue, StandardResult, StandardSchema } from '@regionkit/core';
import { type Path, SourceError } from './failure.ts';
import { isPlain } from './seal.ts';

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
 * Whether a segment is no secret: the index of a list that came; or a name the schema asks for when it is given nothing
 * but the way there, without a byte of the value.
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

/** Empty objects, in lists where the value has them, as deep as `path` leads. */
function emptyAt(path: readonly PropertyKey[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return {};
  const inner = emptyAt(rest, (value as Record<PropertyKey, unknown> | undefined)?.[key]);
  return Array.isArray(value) ? value.map(() => inner) : { [key]: inner };
}
