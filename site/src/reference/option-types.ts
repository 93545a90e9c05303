import type { DeclarationReflection, IndexedAccessType, SomeType } from 'typedoc';

/** Names of types that are options, and no objects of ours that an option takes. */
const GROUP = /^(?:\w+(?:Options|Defaults|Config)|Limits)$/;

/** What these types change does not concern which properties there are. */
const TRANSPARENT = /^(?:Readonly|Partial|Required|NonNullable|NoInfer)$/;

/** The properties of a group of options: of a type that is named as one, or that stands where the option is declared. */
export function groupOf(type: SomeType): readonly DeclarationReflection[] {
  if (type.type === 'union') {
    const groups = type.types.map(groupOf).filter((each) => each.length > 0);
    return groups.length === 1 ? (groups[0] ?? []) : [];
  }
  if (type.type === 'indexedAccess') {
    const member = memberOf(type);
    return member === undefined ? [] : groupOf(member);
  }
  if (type.type === 'reference' && TRANSPARENT.test(type.name)) {
    const [inner] = type.typeArguments ?? [];
    return inner === undefined ? [] : groupOf(inner);
  }
  const isGroup = type.type === 'reflection' || (type.type === 'reference' && GROUP.test(type.name));
  const properties = isGroup ? propertiesOf(type) : [];
  // An object with methods is a thing that the option takes.
  return properties.some(({ signatures }) => signatures !== undefined) ? [] : properties;
}

/** The type of `Options['peers']`. */
function memberOf({ objectType, indexType }: IndexedAccessType): SomeType | undefined {
  const name = indexType.type === 'literal' ? indexType.value : undefined;
  return propertiesIn(objectType).find((property) => property.name === name)?.type;
}

/** The properties that an object of this type can have. Each once. */
export function propertiesOf(type: SomeType): readonly DeclarationReflection[] {
  const found = new Map<string, DeclarationReflection>();
  for (const property of propertiesIn(type)) if (!found.has(property.name)) found.set(property.name, property);
  return inOrderOfSource([...found.values()]);
}

/** The author has put first what matters most. */
function inOrderOfSource(properties: readonly DeclarationReflection[]): readonly DeclarationReflection[] {
  const places = properties.map((property) => ({
    property,
    file: property.sources?.[0]?.fileName ?? '',
    line: property.sources?.[0]?.line ?? 0,
  }));
  const files = [...new Set(places.map(({ file }) => file))];
  return places
    .sort((left, right) => files.indexOf(left.file) - files.indexOf(right.file) || left.line - right.line)
    .map(({ property }) => property);
}

function propertiesIn(type: SomeType): readonly DeclarationReflection[] {
  switch (type.type) {
    case 'reflection':
      return type.declaration.signatures === undefined ? (type.declaration.children ?? []) : [];
    case 'intersection':
    case 'union':
      return type.types.flatMap(propertiesIn);
    case 'indexedAccess': {
      const member = memberOf(type);
      return member === undefined ? [] : propertiesIn(member);
    }
    case 'reference': {
      const [first, second] = type.typeArguments ?? [];
      if (type.name === 'Omit' && first !== undefined) {
        const without = second?.toString() ?? '';
        return propertiesIn(first).filter(({ name }) => !without.includes(`"${name}"`));
      }
      if (TRANSPARENT.test(type.name) && first !== undefined) return propertiesIn(first);
      const target = type.reflection as DeclarationReflection | undefined;
      if (target === undefined) return [];
      return target.children ?? (target.type === undefined ? [] : propertiesIn(target.type));
    }
    default:
      return [];
  }
}

/** Whether every property may be left out, although its type says that it is required. */
export function isPartial(type: SomeType | undefined): boolean {
  if (type?.type === 'union') return type.types.some(isPartial);
  return type?.type === 'reference' && type.name === 'Partial';
}
