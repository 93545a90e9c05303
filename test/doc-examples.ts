/** The ts blocks in the doc comments of a source file, each with the line of its first line, from 1. */
export function examplesOf(source: string): { readonly code: string; readonly line: number }[] {
  return [...source.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)].flatMap(({ 0: comment, index: from }) =>
    [...comment.matchAll(/^[ \t]*\* ```ts\n([\s\S]*?)^[ \t]*\* ```$/gm)].map(({ 1: block = '', index }) => ({
      code: block.replace(/^[ \t]*\* ?/gm, '').trimEnd(),
      line: source.slice(0, from + index).split('\n').length + 1,
    })),
  );
}
