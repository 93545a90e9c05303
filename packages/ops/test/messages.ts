import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** A text in the source of this package. What is put into a template is `…`. */
export interface Message {
  /** `failover/vetoes/evidence-old.ts:21` */
  readonly where: string;
  readonly text: string;
}

/** Every text of the source that a person may read. */
export const messages = (): readonly Message[] =>
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap(messagesIn);

function messagesIn(name: string): readonly Message[] {
  const file = ts.createSourceFile(name, readFileSync(`${SRC}${name}`, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Message[] = [];
  const add = (node: ts.Node, text: string): void => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    found.push({ where: `${name}:${line + 1}`, text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, node.text);
    if (ts.isTemplateExpression(node)) {
      add(node, [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…'));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
