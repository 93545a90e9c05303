/** @type {{ name: string, file: string, find: string, replace: string } | null} */
let mutation = null;

/** Called once, by `register`. */
export function initialize(data) {
  mutation = data;
}

/** Plants the bug into the one file it is for, and leaves every other as it is. */
export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (mutation === null || !url.split('?')[0].endsWith(`/${mutation.file}`)) return loaded;
  const source = String(loaded.source);
  const parts = source.split(mutation.find);
  if (parts.length !== 2) {
    throw new Error(`mutant ${mutation.name}: what it replaces occurs ${parts.length - 1} times in ${mutation.file}`);
  }
  process.stderr.write(`mutant ${mutation.name} is planted\n`);
  return { ...loaded, source: parts.join(mutation.replace) };
}
