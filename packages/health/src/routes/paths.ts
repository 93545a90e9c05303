import { check, onlyGiven } from '@regionkit/core/kit';
import type { VerdictRoute } from './answers.ts';

export type RouteName = VerdictRoute | 'region';

/** The path of each route, below the mount point. */
const defaultPaths: Readonly<Record<RouteName, string>> = {
  health: '/health',
  read: '/health/read',
  write: '/health/write',
  region: '/health/region',
  live: '/livez',
  ready: '/readyz',
};

export function makePaths(given: Partial<Readonly<Record<RouteName, string | false>>>): ReadonlyMap<string, RouteName> {
  check.object('createHealth: paths', given, Object.keys(defaultPaths) as RouteName[]);
  const routes = new Map<string, RouteName>();
  for (const [route, path] of Object.entries({ ...defaultPaths, ...onlyGiven(given) }) as [
    RouteName,
    string | false,
  ][]) {
    if (path === false) continue;
    if (typeof path !== 'string' || !/^\/[\x21-\x7e]*[^/?#]$/.test(path) || /[?#]/.test(path)) {
      throw new RangeError(`createHealth: paths.${route} must be a path that begins, and does not end, with a slash`);
    }
    if (routes.has(path)) throw new RangeError(`createHealth: paths.${route} is also the path of another route`);
    routes.set(path, route);
  }
  return routes;
}

/** The route at `path`. One slash at its end makes no difference. */
export function routeAt(routes: ReadonlyMap<string, RouteName>, path: string): RouteName | undefined {
  return routes.get(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
}
