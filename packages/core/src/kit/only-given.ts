/**
 * Returns the options without those that are `undefined`, to merge them over defaults: `{ maxConcurrent: process.env.X
 * ? 8 : undefined }` then means the default.
 */
export function onlyGiven<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
