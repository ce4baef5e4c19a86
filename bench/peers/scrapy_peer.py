"""Scrapy with JOBDIR, its way to resume, and one JSON line a page."""

import json
import os
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import CrawlerProcess

SITE = os.environ["SITE"]
OUT = os.environ["OUT"]
pages = set()


class Pages(scrapy.Spider):
    name = "pages"
    start_urls = [SITE]
    # As all others here: no link of another host, whose names would be waited for.
    allowed_domains = [urlsplit(SITE).hostname]

    def parse(self, response):
        links = response.css("a::attr(href)").getall()
        pages.add(response.url)
        yield {
            "url": response.url,
            "title": response.css("title::text").get(),
            "h1": response.css("h1::text").get(),
            "links": links,
        }
        # The rest of a page's links would be lost with the first that is not of the web (mailto).
        web = (url for url in map(response.urljoin, links) if url.startswith("http"))
        yield from response.follow_all(web, callback=self.parse)


concurrency = int(os.environ.get("CONCURRENCY", "32"))
process = CrawlerProcess(
    {
        "LOG_LEVEL": "ERROR",
        "ROBOTSTXT_OBEY": True,
        "CONCURRENT_REQUESTS": concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": concurrency,
        "DOWNLOAD_DELAY": 0,
        "JOBDIR": os.path.join(OUT, "job"),
        "FEEDS": {os.path.join(OUT, "pages.jsonl"): {"format": "jsonlines"}},
    }
)
process.crawl(Pages)
process.start()
print(json.dumps({"ok": len(pages)}))
