#include "report/chart.h"

namespace scale::report {

void draw(Html& page, const Chart& chart) {
    page.open("figure", {{"class", "chart"}, {"data-kind", chart.kind}, {"data-summary", chart.title + ". " + chart.summary}});
    page.open("figcaption").text(chart.title).element("small", chart.reading).close();
    page.element("div", "", {{"class", "plot"}});
    page.element("p", "", {{"class", "reading"}, {"aria-live", "polite"}});
    page.data(chart.data).close();
}

}  // namespace scale::report
