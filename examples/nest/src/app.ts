import 'reflect-metadata';
import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  Post,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { RegionRouter } from 'regionkit/db-router';
import { CurrentSession, REGION_ROUTER, RegionKitModule, RequireSession } from 'regionkit/nest';
import type { Session } from 'regionkit/session';

@Injectable()
class Notes {
  @Inject(REGION_ROUTER) readonly router!: RegionRouter;

  async list() {
    const { rows } = await this.router.read<{ text: string }>('select text from notes order by id');
    return { region: this.router.self, notes: rows.map(({ text }) => text) };
  }

  async add(text: string) {
    const region = this.router.self;
    await this.router.write('insert into notes (text, written_in) values ($1, $2)', [text, region]);
    return { region, text };
  }
}

@Controller('notes')
class NotesController {
  @Inject(Notes) readonly notes!: Notes;

  @Get()
  list() {
    return this.notes.list();
  }

  @Post()
  add(@Body('text') text: unknown) {
    if (typeof text !== 'string') throw new BadRequestException('a note is { "text": "…" }');
    return this.notes.add(text);
  }

  // The filter of the module answers errors of regionkit: here 401 without a session, and 403 without the role.
  @Delete()
  @RequireSession('admin')
  async clear(@CurrentSession() session: Session) {
    await this.notes.router.write('delete from notes');
    return { region: this.notes.router.self, by: session.sub };
  }
}

@Module({
  imports: [
    RegionKitModule.forRoot({
      self: process.env.REGION,
      regions: {
        'us-east-1': process.env.US_ORIGIN ?? 'http://127.0.0.1:3001',
        'eu-west-1': process.env.EU_ORIGIN ?? 'http://127.0.0.1:3002',
      },
      databaseUrl: process.env.DATABASE_URL, // this region's own server
      secret: process.env.REGION_SECRET,
      development: true, // one machine, plain http; not in production
      sessions: { keys: process.env.JWKS_URL ?? '', algorithms: ['ES256'], issuer: null, audience: 'notes' },
    }),
  ],
  controllers: [NotesController],
  providers: [Notes],
})
class AppModule {}

/** Notes in two regions, on Nest. */
export const createApp = (): Promise<INestApplication> => NestFactory.create(AppModule, { logger: ['error', 'warn'] });
