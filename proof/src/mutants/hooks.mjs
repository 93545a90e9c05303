/** @type {{ name: string, edits: { file: string, find: string, replace: string }[] } | null} */
let mutation = null;

/** Called once, by `register`. */
export function initialize(data) {
  mutation = data;
}

/** Plants the bug into the files it is for, and leaves every other as it is. */
export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  const edits = mutation?.edits.filter(({ file }) => url.split('?')[0].endsWith(`/${file}`)) ?? [];
  if (edits.length === 0) return loaded;
  let source = String(loaded.source);
  for (const { file, find, replace } of edits) {
    const parts = source.split(find);
    if (parts.length !== 2) {
      throw new Error(`mutant ${mutation.name}: what it replaces occurs ${parts.length - 1} times in ${file}`);
    }
    source = parts.join(replace);
    process.stderr.write(`mutant ${mutation.name} is planted in ${file}\n`);
  }
  return { ...loaded, source };
}
