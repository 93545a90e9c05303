import {
  type DeclarationReflection,
  type IndexedAccessType,
  type ParameterReflection,
  type ProjectReflection,
  ReflectionKind,
  type SignatureReflection,
  type SomeType,
} from 'typedoc';
import { cell, commentText, defaultText } from './comment-text.ts';

/** An option of a factory; one of a group is named by its path, `hold.timeoutMs`. */
export interface FactoryOption {
  readonly name: string;
  readonly type: string;
  /** As its doc comment says, or `required`, or nothing. */
  readonly byDefault: string;
  readonly meaning: string;
}

export interface Factory {
  readonly name: string;
  /** The entry point that exports it. */
  readonly from: string;
  readonly summary: string;
  readonly options: readonly FactoryOption[];
}

/** A group in a group is told by its type alone. */
const DEEPEST = 4;

/** The functions of each entry point that take options, with their options, from the types and their doc comments. */
export function factoriesOf(project: ProjectReflection): readonly Factory[] {
  return modulesOf(project).flatMap((module) =>
    (module.getChildrenByKind(ReflectionKind.Function) as DeclarationReflection[]).flatMap((fn) => {
      const [signature] = fn.signatures ?? [];
      const options = signature?.parameters?.map(optionsOf).find((each) => each.length > 0);
      if (signature === undefined || options === undefined) return [];
      return [{ name: fn.name, from: module.name, summary: summaryOf(signature), options }];
    }),
  );
}

/** With one entry point typedoc has no modules: the project is one. */
function modulesOf(project: ProjectReflection): readonly (DeclarationReflection | ProjectReflection)[] {
  const modules = project.getChildrenByKind(ReflectionKind.Module) as DeclarationReflection[];
  return modules.length > 0 ? modules : [project];
}

function summaryOf({ comment }: SignatureReflection): string {
  return comment === undefined ? '' : commentText(comment.summary);
}

function optionsOf(parameter: ParameterReflection): readonly FactoryOption[] {
  const isOptions = /options|input|given|config/i.test(parameter.name) || parameter.name === '__namedParameters';
  if (!isOptions || parameter.type === undefined) return [];
  return rowsOf(propertiesOf(parameter.type), '', 1, isPartial(parameter.type));
}

function rowsOf(
  properties: readonly DeclarationReflection[],
  prefix: string,
  depth: number,
  allOptional: boolean,
): readonly FactoryOption[] {
  return properties.flatMap((property) => {
    const name = `${prefix}${property.name}`;
    const inner = depth < DEEPEST && property.type !== undefined ? groupOf(property.type) : [];
    const isRequired = !allOptional && !property.flags.isOptional;
    return [
      rowOf(name, property, { isGroup: inner.length > 0, isRequired }),
      ...rowsOf(inner, `${name}.`, depth + 1, isPartial(property.type)),
    ];
  });
}

function rowOf(
  name: string,
  property: DeclarationReflection,
  { isGroup, isRequired }: { readonly isGroup: boolean; readonly isRequired: boolean },
): FactoryOption {
  const { comment, type } = property;
  const tag = comment?.blockTags.find(({ tag }) => tag === '@default');
  const method = property.signatures?.[0];
  return {
    name,
    type: isGroup ? 'group' : typeText(type, method),
    byDefault: tag === undefined ? (isRequired ? 'required' : '') : defaultText(tag.content),
    meaning: commentText((comment ?? method?.comment)?.summary ?? []) || (isGroup ? '' : meaningOfType(type)),
  };
}

/** Whether every property may be left out, although its type says that it is required. */
function isPartial(type: SomeType | undefined): boolean {
  if (type?.type === 'union') return type.types.some(isPartial);
  return type?.type === 'reference' && type.name === 'Partial';
}

/** Of an option without a comment: the first sentence about its type. */
function meaningOfType(type: SomeType | undefined): string {
  if (type?.type === 'union') return type.types.map(meaningOfType).find((text) => text !== '') ?? '';
  if (type?.type !== 'reference') return '';
  return /^.*?\.(?= |$)/.exec(commentText(type.reflection?.comment?.summary ?? []))?.[0] ?? '';
}

function typeText(type: SomeType | undefined, method: SignatureReflection | undefined): string {
  if (type === undefined) return method === undefined ? '' : 'function';
  return cell(type.toString().replace(/ \| undefined$|^undefined \| /, ''));
}

/** Names of types that are options, and no objects of ours that an option takes. */
const GROUP = /^(?:\w+(?:Options|Defaults|Config)|Limits)$/;

/** What these types change does not concern which properties there are. */
const TRANSPARENT = /^(?:Readonly|Partial|Required|NonNullable|NoInfer)$/;

/** The properties of a group of options: of a type that is named as one, or that stands where the option is declared. */
function groupOf(type: SomeType): readonly DeclarationReflection[] {
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
function propertiesOf(type: SomeType): readonly DeclarationReflection[] {
  const found = new Map<string, DeclarationReflection>();
  for (const property of propertiesIn(type)) if (!found.has(property.name)) found.set(property.name, property);
  return [...found.values()].sort(byDeclaration);
}

/** In the order of the source: the author has put first what matters most. */
function byDeclaration(left: DeclarationReflection, right: DeclarationReflection): number {
  const [one, other] = [left.sources?.[0], right.sources?.[0]];
  return one?.fileName === other?.fileName ? (one?.line ?? 0) - (other?.line ?? 0) : 0;
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
