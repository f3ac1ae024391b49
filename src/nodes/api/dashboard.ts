// An API node's dashboard: its objects, uploads and downloads, and what it does with miners for them.

import type { ObjectCensus } from '../census.js';
import { type DashboardWish, openDashboard, type RunningDashboard } from '../dashboard/dashboard.js';
import { objectPage, objectsPage } from '../dashboard/object-pages.js';
import { roundsPage } from '../dashboard/round-page.js';
import { servingOverview } from '../dashboard/serving-pages.js';
import type { ServingSource } from '../dashboard/sources.js';
import type { ApiContext } from './context.js';
import type { UploadStore } from './upload-store.js';

const uploadsMax = 50;

export function openApiDashboard(
  context: ApiContext,
  wish: DashboardWish,
  census: ObjectCensus,
  uploads: UploadStore,
): Promise<RunningDashboard> {
  const { index, audit, view, clock } = context;
  const source: ServingSource = {
    index,
    audit,
    activity: wish.activity,
    now: () => clock.now(),
    height: async () => (await view.head()).number,
    objects: () => census,
    async uploads() {
      const underWay = await uploads.underWay(uploadsMax);
      return underWay.map(({ record: { id, size, metadata, changedAtMs }, received }) => ({
        id,
        size,
        received,
        changedAtMs,
        name: metadata.filename ?? metadata.name ?? '',
      }));
    },
  };
  const pages = [
    servingOverview(source),
    objectsPage(source),
    objectPage(source, { hasMinerPages: false }),
    roundsPage(source, { hasMinerPages: false }),
  ];
  return openDashboard({ ...wish, context, role: 'api', pages });
}
