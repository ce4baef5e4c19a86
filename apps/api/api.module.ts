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
import { BrowserSessions } from './pages/browser-sessions.js';
import { LiveController } from './pages/live.controller.js';
import { LoginController } from './pages/login.controller.js';
import { PageDetailController } from './pages/page-detail.controller.js';
import { PageShells } from './pages/page-shells.js';
import { SessionActionsController } from './pages/session-actions.controller.js';
import { SessionFacts } from './pages/session-facts.js';
import { SessionPageController } from './pages/session-page.controller.js';
import { SessionsPagesController } from './pages/sessions-pages.controller.js';
import { SystemPageController } from './pages/system-page.controller.js';
import { TimelineReader } from './pages/timeline-reader.js';
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
  static register(deps: ApiDeps & Required<Pick<ApiDeps, 'seal'>>): DynamicModule {
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
        LoginController,
        // `/sessions/live` before the session of that name.
        LiveController,
        SessionsPagesController,
        SessionActionsController,
        SessionPageController,
        PageDetailController,
        SystemPageController,
        ...(deps.scrape ? [ScrapeController, BatchController, UsageController] : []),
      ],
      providers: [
        { provide: API_DEPS, useValue: deps },
        { provide: APP_GUARD, useClass: AccessGuard },
        OpenStreams,
        { provide: BrowserSessions, useValue: new BrowserSessions(deps.seal) },
        PageShells,
        SessionFacts,
        TimelineReader,
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
