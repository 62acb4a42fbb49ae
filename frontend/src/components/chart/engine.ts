/** What draws charts, with the parts of it that the portal uses. Loaded when the first chart is on the screen. */
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

// On a canvas nothing is styled by markup, which the page's policy would refuse.
use([BarChart, LineChart, GridComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

export { init };
