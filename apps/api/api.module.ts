import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ReadinessModule } from '#libs/monitoring';
import { API_DEPS, SCRAPE_DEPS, type ApiDeps } from './deps.js';
import { ControlController } from './monitoring/control.controller.js';
import { ControlErrorFilter } from './monitoring/control-error-filter.js';
import { DashboardController } from './monitoring/dashboard.controller.js';
import { JobReports } from './monitoring/job-reports.js';
import { SegmentController } from './monitoring/segment.controller.js';
import { SessionsController } from './monitoring/sessions.controller.js';
import { AccessGuard } from './http/access.js';
import { OpenStreams } from './http/open-streams.js';
import { EventsController } from './routes/events.controller.js';
import { ForkController } from './routes/fork.controller.js';
import { HistoriesController } from './routes/histories.controller.js';
import { HealthController } from './routes/health.controller.js';
import { ItemsController } from './routes/items.controller.js';
import { JobViews } from './routes/job-views.js';
import { JobsController } from './routes/jobs.controller.js';
import { LiveProgress } from './routes/live-progress.js';
import { MetricsController } from './routes/metrics.controller.js';
import { PagesController } from './routes/pages.controller.js';
import { WebhooksController } from './routes/webhooks.controller.js';
import { ProjectionsController } from './routes/projections.controller.js';
import { ReplayController } from './routes/replay.controller.js';
import { RetryController } from './routes/retry.controller.js';
import { BatchController } from './scrape/batch.controller.js';
import { ScrapeController } from './scrape/scrape.controller.js';
import { ScrapeErrorFilter } from './scrape/scrape-error-filter.js';
import { UsageController } from './scrape/usage.controller.js';

@Module({})
export class ApiModule {
  static register(deps: ApiDeps): DynamicModule {
    return {
      module: ApiModule,
      imports: [ReadinessModule.register(deps.health)],
      controllers: [
        JobsController,
        ReplayController,
        RetryController,
        WebhooksController,
        ForkController,
        PagesController,
        ProjectionsController,
        ItemsController,
        EventsController,
        HistoriesController,
        HealthController,
        MetricsController,
        ControlController,
        SegmentController,
        DashboardController,
        SessionsController,
        ...(deps.scrape ? [ScrapeController, BatchController, UsageController] : []),
      ],
      providers: [
        { provide: API_DEPS, useValue: deps },
        { provide: APP_GUARD, useClass: AccessGuard },
        OpenStreams,
        LiveProgress,
        JobViews,
        JobReports,
        ControlErrorFilter,
        ScrapeErrorFilter,
        { provide: SCRAPE_DEPS, useValue: deps.scrape },
      ],
    };
  }
}
