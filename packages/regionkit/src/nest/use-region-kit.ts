import type { INestApplication } from '@nestjs/common';
import type { Drain } from '@regionkit/health';
import type { KitDrainOptions, RegionKit } from '../region-kit.ts';
import { REGION_KIT } from './tokens.ts';

/**
 * Mounts the kit of {@link RegionKitModule} before the body parsers, on Express or Fastify, and drains the app at SIGTERM:
 * first the requests end, then Nest closes the app with the hooks of all modules, then the kit. Call it after
 * `app.enableCors()` and before `app.listen()`, in place of `app.enableShutdownHooks()`.
 *
 * @example
 * ```ts
 * const app = await NestFactory.create(AppModule);
 * app.enableCors({ origin: 'https://www.example.com', credentials: true });
 * useRegionKit(app);
 * await app.listen(3000);
 * ```
 *
 * @param options those of `kit.drain`, or `{ drain: false }` for an app that no signal ends: a test, or a function
 * @throws {TypeError} CORS is given to `NestFactory.create`, which would add it after the kit; or an option is wrong.
 * @returns the drain
 */
export function useRegionKit(app: INestApplication, options: { readonly drain: false }): undefined;
export function useRegionKit(app: INestApplication, options?: KitDrainOptions): Drain;
export function useRegionKit(
  app: INestApplication,
  options: KitDrainOptions | { readonly drain: false } = {},
): Drain | undefined {
  const { appOptions } = app as { readonly appOptions?: { readonly cors?: unknown } };
  if (appOptions?.cors) {
    throw new TypeError(
      'useRegionKit: call app.enableCors() before it, and leave the option cors of NestFactory.create out: Nest carries that out too late for answers of the kit',
    );
  }
  const kit = app.get<RegionKit>(REGION_KIT);
  if (app.getHttpAdapter().getType() === 'fastify') {
    (app as unknown as { register(plugin: unknown): unknown }).register(kit.fastify());
  } else app.use(kit.express());
  if ('drain' in options) return undefined;
  const nest = { name: 'nest', run: () => app.close() };
  return kit.drain(app.getHttpServer(), { ...options, hooks: [nest, ...(options.hooks ?? [])] });
}
