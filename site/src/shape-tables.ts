import type { MarkdownRenderer } from 'vitepress';
import { tableShape } from './table-shape.ts';

type Tokens = ReturnType<MarkdownRenderer['parse']>;

/** A plugin of markdown-it: gives each table the class of its shape, and each cell the name of its column. */
export function shapeTables(md: MarkdownRenderer): void {
  md.core.ruler.push('shape-tables', ({ tokens }) => {
    for (const [at, token] of tokens.entries()) {
      if (token.type === 'table_open') shape(tokens, at);
    }
  });
  // VitePress writes a table without its attributes.
  md.renderer.rules['table_open'] = (tokens, at, options, _env, self) => {
    tokens[at]?.attrSet('tabindex', '0');
    return self.renderToken(tokens, at, options);
  };
}

function shape(tokens: Tokens, start: number): void {
  const rows: string[][] = [];
  for (let at = start; tokens[at]?.type !== 'table_close'; at += 1) {
    const token = tokens[at];
    if (token?.type === 'tr_open') rows.push([]);
    if (token?.type !== 'th_open' && token?.type !== 'td_open') continue;
    const row = rows.at(-1) ?? [];
    const text = plain(tokens[at + 1]?.content ?? '');
    const name = rows[0]?.[row.length];
    if (token.type === 'td_open' && name) token.attrSet('data-column', name);
    row.push(text);
  }
  tokens[start]?.attrSet('class', tableShape(rows));
}

/** The text of a cell as it is seen, near enough to measure it. */
const plain = (markdown: string): string => markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*\\]/g, '');
