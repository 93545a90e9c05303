import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { createRegionKit } from '../create-region-kit.ts';
import type { RegionKitOptions } from '../options.ts';
import type { RegionKit } from '../region-kit.ts';
import { RegionKitFilter } from './region-kit-filter.ts';
import { REGION_KIT, REGION_ROUTER, REGION_SESSIONS } from './tokens.ts';

// biome-ignore lint/suspicious/noExplicitAny: a kit of any regions and claims.
type AnyKit = RegionKit<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: options of any regions and claims.
type AnyOptions = RegionKitOptions<any, any, any, any>;

/** As in every module of Nest: `inject` names what `useFactory` is given, and `imports` the modules that have it. */
export interface RegionKitAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>,
    Pick<FactoryProvider<AnyKit | AnyOptions>, 'inject' | 'useFactory'> {}

/**
 * regionkit in Nest 11 and 12. It provides the kit (`REGION_KIT`), its router (`REGION_ROUTER`) and its sessions
 * (`REGION_SESSIONS`) to every module, answers errors of regionkit as they say themselves, and closes the kit with the app,
 * after the modules that use it. Mount it with {@link useRegionKit}.
 */
export class RegionKitModule implements OnApplicationShutdown {
  readonly #kit: AnyKit;

  constructor(kit: AnyKit) {
    this.#kit = kit;
  }

  /**
   * Takes the options of `createRegionKit`, or what it returned.
   *
   * @example
   * ```ts
   * const imports = [RegionKitModule.forRoot({ self: process.env.REGION, regions, databaseUrl, secret, cookieDomain })];
   * ```
   */
  static forRoot(given: AnyOptions | AnyKit): DynamicModule {
    return RegionKitModule.forRootAsync({ useFactory: () => given });
  }

  /**
   * The same, with options that other providers have, or that come later.
   *
   * @example
   * ```ts
   * const imports = [
   *   RegionKitModule.forRootAsync({
   *     inject: [SETTINGS],
   *     useFactory: ({ region, databaseUrl, secret }) => ({ self: region, regions, databaseUrl, secret, cookieDomain }),
   *   }),
   * ];
   * ```
   */
  static forRootAsync({ imports = [], inject = [], useFactory }: RegionKitAsyncOptions): DynamicModule {
    const providers: Provider[] = [
      {
        provide: REGION_KIT,
        inject,
        useFactory: async (...given: unknown[]) => {
          const made = await useFactory(...given);
          return isKit(made) ? made : createRegionKit(made);
        },
      },
      { provide: REGION_ROUTER, inject: [REGION_KIT], useFactory: ({ router }: AnyKit) => router },
      { provide: REGION_SESSIONS, inject: [REGION_KIT], useFactory: ({ sessions }: AnyKit) => sessions },
      { provide: APP_FILTER, useClass: RegionKitFilter },
    ];
    // A global module ends last.
    const exports = [REGION_KIT, REGION_ROUTER, REGION_SESSIONS];
    return { module: RegionKitModule, global: true, imports, providers, exports };
  }

  onApplicationShutdown(): Promise<void> {
    return this.#kit.close();
  }
}
Module({})(RegionKitModule);
Inject(REGION_KIT)(RegionKitModule, undefined, 0);

function isKit(given: AnyKit | AnyOptions): given is AnyKit {
  return typeof (given as Partial<AnyKit>).drain === 'function';
}
