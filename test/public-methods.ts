import ts from 'typescript';

/** A method of an interface, and what its doc comment has. */
export interface DocumentedMethod {
  readonly name: string;
  /** From 1. */
  readonly line: number;
  readonly hasText: boolean;
  readonly hasExample: boolean;
}

/** The methods of the named interfaces in one source file. Overloads count as one: the doc comment of any is enough. */
export function methodsOf(source: string, interfaces: readonly string[]): readonly DocumentedMethod[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const methods = new Map<string, DocumentedMethod>();
  file.forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node) || !interfaces.includes(node.name.text)) return;
    for (const member of node.members) {
      if (!isMethod(member) || member.name === undefined || ts.isComputedPropertyName(member.name)) continue;
      const name = `${node.name.text}.${member.name.getText()}`;
      const before = methods.get(name);
      const doc = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
      methods.set(name, {
        name,
        line: before?.line ?? file.getLineAndCharacterOfPosition(member.getStart()).line + 1,
        hasText: before?.hasText === true || doc.some(({ comment }) => comment !== undefined),
        hasExample: before?.hasExample === true || doc.some(({ tags }) => tags?.some(isExample) === true),
      });
    }
  });
  return [...methods.values()];
}

function isMethod(member: ts.TypeElement): boolean {
  return (
    ts.isMethodSignature(member) ||
    (ts.isPropertySignature(member) && member.type !== undefined && ts.isFunctionTypeNode(member.type))
  );
}

function isExample(tag: ts.JSDocTag): boolean {
  return tag.tagName.text === 'example';
}
