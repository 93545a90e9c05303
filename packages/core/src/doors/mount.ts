import { pathOf } from './node-view.ts';

/** The segments of a mount point. `undefined` stands for a parameter, which matches any segment. */
export type Mount = readonly (string | undefined)[];

export function segmentsOf(prefix: string): Mount {
  const segments = prefix.split('/').filter((segment) => segment !== '');
  return segments.map((segment) => (/[:*(]/.test(segment) ? undefined : normal(segment)));
}

/**
 * The part of a request's target below its mount point. It only names a path for the decider and never selects
 * requests, so it may be lenient: case, escapes and doubled slashes make no difference. A target outside the mount
 * point is returned whole.
 */
export function below(mount: Mount, target: string): string {
  if (mount.length === 0) return target;
  const path = pathOf(target);
  let at = 0;
  for (const segment of mount) {
    while (path[at] === '/') at += 1;
    const slash = path.indexOf('/', at);
    const end = slash === -1 ? path.length : slash;
    if (at === end || (segment !== undefined && segment !== normal(path.slice(at, end)))) return path;
    at = end;
  }
  return path.slice(at) || '/';
}

function normal(segment: string): string {
  try {
    return decodeURIComponent(segment).toLowerCase();
  } catch {
    return segment.toLowerCase();
  }
}
