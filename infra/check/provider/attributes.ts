import type { BlockFacts, ResourceFacts } from './schemas.ts';

/** One argument of a resource, as the notation of `schemas.ts` says it. */
export interface Attribute {
  readonly name: string;
  readonly type: unknown;
  readonly required: boolean;
  readonly optional: boolean;
  readonly computed: boolean;
  readonly forcesNew: boolean;
  readonly writeOnly: boolean;
}

const TYPES: Readonly<Record<string, unknown>> = {
  string: 'string',
  number: 'number',
  bool: 'bool',
  list: ['list', 'string'],
  set: ['set', 'string'],
  map: ['map', 'string'],
};

export function attributesOf({ attributes }: Pick<ResourceFacts, 'attributes'>): readonly Attribute[] {
  return attributes
    .split(' ')
    .filter(Boolean)
    .map((text) => {
      const [, name = '', type = '', mark, more = ''] =
        /^(\w+):(list|set|map|string|number|bool)([!?~=])([*w]*)$/.exec(text) ?? [];
      if (name === '') throw new Error(`no attribute: ${text}`);
      return {
        name,
        type: TYPES[type],
        required: mark === '!',
        optional: mark === '?' || mark === '~',
        computed: mark === '=' || mark === '~',
        forcesNew: more.includes('*'),
        writeOnly: more.includes('w'),
      };
    });
}

const NESTING_LIST = 2;
const NESTING_SET = 3;

/** The same as Terraform asks for it. */
export function schemaOf(facts: ResourceFacts): { readonly block: unknown } {
  return { block: block(facts) };
}

function block(facts: Pick<ResourceFacts, 'attributes' | 'blocks'>): unknown {
  return {
    attributes: attributesOf(facts).map(({ name, type, required, optional, computed, writeOnly }) => ({
      name,
      type: Buffer.from(JSON.stringify(type)),
      required,
      optional,
      computed,
      write_only: writeOnly,
    })),
    block_types: Object.entries(facts.blocks ?? {}).map(([type_name, nested]: [string, BlockFacts]) => ({
      type_name,
      block: block(nested),
      nesting: nested.set ? NESTING_SET : NESTING_LIST,
      max_items: nested.max ?? 0,
    })),
  };
}
