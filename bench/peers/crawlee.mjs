// Crawlee's CheerioCrawler with the storage that it has by default: queue and records on the disk.
import { CheerioCrawler, Configuration, log, LogLevel } from '@crawlee/cheerio';

const { SITE, OUT, CONCURRENCY = '32' } = process.env;
Configuration.getGlobalConfig().set('storageClientOptions', { localDataDirectory: OUT });
log.setLevel(LogLevel.ERROR);
const pages = new Set();
const crawler = new CheerioCrawler({
  minConcurrency: Number(CONCURRENCY),
  maxConcurrency: Number(CONCURRENCY),
  respectRobotsTxtFile: true,
  async requestHandler({ request, response, $, enqueueLinks, pushData }) {
    if (response.statusCode !== 200) return;
    const links = $('a[href]')
      .map((_, { attribs }) => attribs.href)
      .get();
    await enqueueLinks();
    await pushData({ url: request.loadedUrl, title: $('title').text(), h1: $('h1').first().text(), links });
    pages.add(request.loadedUrl);
  },
});
await crawler.run([SITE]);
console.log(JSON.stringify({ ok: pages.size }));
