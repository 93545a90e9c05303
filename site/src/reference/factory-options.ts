import {
  type DeclarationReflection,
  type ParameterReflection,
  type ProjectReflection,
  ReflectionKind,
  type SignatureReflection,
  type SomeType,
} from 'typedoc';
import { cell, commentText, defaultText } from './comment-text.ts';
import { groupOf, isPartial, propertiesOf } from './option-types.ts';

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
