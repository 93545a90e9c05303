import { group, withDefault } from '@regionkit/core/kit';
import type { VerdictRoute } from './answers.ts';

export type RouteName = VerdictRoute | 'region';
/** The routes that are left, each by its path below the mount point. */
export type RoutesByPath = ReadonlyMap<string, RouteName>;

const at = (byDefault: string) =>
  withDefault<string | false>(byDefault, (option, path) => path !== false && checkPath(option, path));

const pathsOf = group<Readonly<Record<RouteName, string | false>>>({
  health: at('/health'),
  read: at('/health/read'),
  write: at('/health/write'),
  region: at('/health/region'),
  live: at('/livez'),
  ready: at('/readyz'),
});

export function checkPaths(option: string, given: object | undefined): RoutesByPath {
  const routes = new Map<string, RouteName>();
  for (const [route, path] of Object.entries(pathsOf(option, given as never)) as [RouteName, string | false][]) {
    if (path === false) continue;
    if (routes.has(path)) throw new RangeError(`${option}.${route} is also the path of another route`);
    routes.set(path, route);
  }
  return routes;
}

function checkPath(option: string, path: string): string {
  if (typeof path === 'string' && /^\/[\x21-\x7e]*[^/?#]$/.test(path) && !/[?#]/.test(path)) return path;
  throw new RangeError(`${option} must be a path that begins, and does not end, with a slash`);
}

/** The route at `path`. One slash at its end makes no difference. */
export function routeAt(routes: RoutesByPath, path: string): RouteName | undefined {
  return routes.get(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
}
