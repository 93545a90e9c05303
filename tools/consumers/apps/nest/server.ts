// The app of the README on Nest, as its compiler makes it: with the metadata of decorators.
import 'reflect-metadata';
import { Body, Controller, Get, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { RegionKit } from 'regionkit';
import { CurrentSession, REGION_KIT, RegionKitModule, RequireSession, useRegionKit } from 'regionkit/nest';
import type { Session } from 'regionkit/session';

@Controller()
class Orders {
  constructor(@Inject(REGION_KIT) private readonly kit: RegionKit) {}

  @Get('orders')
  async list() {
    const { rows } = await this.kit.router.read<{ item: string }>('select item from orders order by id');
    return { region: this.kit.regions.self, items: rows.map(({ item }) => item) };
  }

  @Post('orders')
  async add(@Body('item') item: string) {
    await this.kit.router.write('insert into orders (item) values ($1)', [item]);
    return { region: this.kit.regions.self };
  }

  @Get('me')
  @RequireSession()
  me(@CurrentSession() session: Session) {
    return JSON.stringify(session.sub);
  }
}

@Module({
  imports: [
    RegionKitModule.forRootAsync({
      useFactory: () => ({
        self: process.env['REGION'],
        regions: { us: process.env['US_ORIGIN'] ?? '', eu: process.env['EU_ORIGIN'] ?? '' },
        databaseUrl: process.env['DATABASE_URL'],
        secret: process.env['REGION_SECRET'],
        development: true,
        sessions: { keys: process.env['SESSION_KEY'] ?? '', algorithms: ['ES256'], issuer: null, audience: null },
      }),
    }),
  ],
  controllers: [Orders],
})
class AppModule {}

async function start(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  useRegionKit(app, { notReadyForMs: 0 });
  await app.listen(Number(process.env['PORT']), '127.0.0.1');
}
void start();
