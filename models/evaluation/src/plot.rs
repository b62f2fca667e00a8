//! Plots as SVG text, drawn by `plotters`. Lines differ by dash and marker, not by colour alone.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::full_palette::{BLUE_700, GREY_700, ORANGE_800};

use crate::report::ReportError;
use crate::statistics::{Det, normal_deviate};

const SIZE: (u32, u32) = (640, 440);
/// Error rates that label the axes of a DET curve.
const TICKS: [f64; 8] = [0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6];
const COLOURS: [RGBColor; 3] = [BLUE_700, ORANGE_800, GREY_700];

fn drawn<E: std::error::Error>(error: E) -> ReportError {
    ReportError::Plot(error.to_string())
}

/// `0.01` as `1 %`.
pub fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} %")
}

/// DET curves on normal-deviate axes; `mark` is the false match rate the policy works at, `names`
/// label the axes (FMR and FNMR, or APCER and BPCER).
pub fn det_curve(
    names: (&str, &str),
    series: &[(&str, &Det)],
    mark: Option<f64>,
) -> Result<String, ReportError> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(drawn)?;
        let (low, high) = (normal_deviate(TICKS[0] / 1.5), normal_deviate(0.7));
        let mut chart = ChartBuilder::on(&root)
            .margin(14)
            .x_label_area_size(46)
            .y_label_area_size(64)
            .build_cartesian_2d(low..high, low..high)
            .map_err(drawn)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_labels(0)
            .y_labels(0)
            .x_desc(names.0)
            .y_desc(names.1)
            .draw()
            .map_err(drawn)?;
        for tick in TICKS {
            let at = normal_deviate(tick);
            let grid = BLACK.mix(0.12);
            chart
                .draw_series(LineSeries::new([(at, low), (at, high)], grid))
                .map_err(drawn)?;
            chart
                .draw_series(LineSeries::new([(low, at), (high, at)], grid))
                .map_err(drawn)?;
            let style = ("sans-serif", 12).into_font().color(&BLACK);
            chart
                .draw_series([
                    Text::new(percent(tick), (at, low + 0.06), style.clone()),
                    Text::new(percent(tick), (low + 0.03, at), style),
                ])
                .map_err(drawn)?;
        }
        if let Some(fmr) = mark {
            let at = normal_deviate(fmr);
            chart
                .draw_series(DashedLineSeries::new(
                    [(at, low), (at, high)],
                    6,
                    4,
                    BLACK.stroke_width(1),
                ))
                .map_err(drawn)?;
        }
        for (i, (name, det)) in series.iter().enumerate() {
            let colour = COLOURS[i % COLOURS.len()];
            let points: Vec<(f64, f64)> = det
                .points
                .iter()
                .map(|p| (normal_deviate(p.fmr), normal_deviate(p.fnmr)))
                .map(|(x, y)| (x.clamp(low, high), y.clamp(low, high)))
                .collect();
            let dash = [1_u32, 10, 4][i % 3];
            let gap = [0_u32, 5, 4][i % 3];
            let line = colour.stroke_width(2);
            if gap == 0 {
                chart
                    .draw_series(LineSeries::new(points, line))
                    .map_err(drawn)?
                    .label(*name)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], line));
            } else {
                chart
                    .draw_series(DashedLineSeries::new(points, dash, gap, line))
                    .map_err(drawn)?
                    .label(*name)
                    .legend(move |(x, y)| {
                        DashedPathElement::new([(x, y), (x + 22, y)], dash, gap, line)
                    });
            }
        }
        chart
            .configure_series_labels()
            .border_style(BLACK.mix(0.3))
            .background_style(WHITE.mix(0.9))
            .draw()
            .map_err(drawn)?;
        root.present().map_err(drawn)?;
    }
    Ok(svg)
}

/// Two distributions over the same bins (shares of each), outlines of different dash, with the
/// thresholds as dashed lines.
pub fn histogram(
    axis: &str,
    series: &[(&str, &[f64])],
    thresholds: &[f64],
) -> Result<String, ReportError> {
    const BINS: usize = 40;
    let mut svg = String::new();
    {
        let all = || {
            series
                .iter()
                .flat_map(|s| s.1.iter().copied())
                .filter(|v| v.is_finite())
        };
        let low = all()
            .chain(thresholds.iter().copied())
            .fold(f64::INFINITY, f64::min);
        let high = all()
            .chain(thresholds.iter().copied())
            .fold(f64::NEG_INFINITY, f64::max);
        if !low.is_finite() || !high.is_finite() {
            return Err(ReportError::Plot("no finite value to draw".to_owned()));
        }
        let wide = (high - low).max(1e-9);
        let bins: Vec<Vec<f64>> = series
            .iter()
            .map(|(_, values)| {
                let mut counts = vec![0.0; BINS];
                let share = 1.0 / values.len().max(1) as f64;
                for v in values.iter().filter(|v| v.is_finite()) {
                    let bin = (((v - low) / wide) * BINS as f64) as usize;
                    counts[bin.min(BINS - 1)] += share;
                }
                counts
            })
            .collect();
        let top = bins.iter().flatten().copied().fold(1e-9, f64::max) * 1.08;
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(drawn)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(14)
            .x_label_area_size(46)
            .y_label_area_size(64)
            .build_cartesian_2d(low..low + wide, 0.0..top)
            .map_err(drawn)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .x_desc(axis)
            .y_desc("share")
            .y_label_formatter(&|v| percent(*v))
            .draw()
            .map_err(drawn)?;
        for (i, ((name, _), counts)) in series.iter().zip(&bins).enumerate() {
            let line = COLOURS[i % COLOURS.len()].stroke_width(2);
            let step = wide / BINS as f64;
            let outline: Vec<(f64, f64)> = counts
                .iter()
                .enumerate()
                .flat_map(|(b, share)| {
                    let x = low + step * b as f64;
                    [(x, *share), (x + step, *share)]
                })
                .collect();
            if i == 0 {
                chart
                    .draw_series(LineSeries::new(outline, line))
                    .map_err(drawn)?
                    .label(*name)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], line));
            } else {
                chart
                    .draw_series(DashedLineSeries::new(outline, 8, 4, line))
                    .map_err(drawn)?
                    .label(*name)
                    .legend(move |(x, y)| {
                        DashedPathElement::new([(x, y), (x + 22, y)], 8, 4, line)
                    });
            }
        }
        for at in thresholds {
            chart
                .draw_series(DashedLineSeries::new(
                    [(*at, 0.0), (*at, top)],
                    3,
                    3,
                    BLACK.stroke_width(1),
                ))
                .map_err(drawn)?;
        }
        chart
            .configure_series_labels()
            .border_style(BLACK.mix(0.3))
            .background_style(WHITE.mix(0.9))
            .draw()
            .map_err(drawn)?;
        root.present().map_err(drawn)?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_as_people_write_them() {
        assert_eq!(percent(0.0001), "0.01 %");
        assert_eq!(percent(0.05), "5 %");
        assert_eq!(percent(1.0), "100 %");
    }

    #[test]
    fn curves_are_drawn_with_their_names() {
        let det = Det::new(&[0.5, 0.8, 0.9], &[0.1, 0.2, 0.6]).unwrap();
        let svg = det_curve(
            ("FMR", "FNMR"),
            &[("both", &det), ("one", &det)],
            Some(0.001),
        )
        .unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("FNMR") && svg.contains("both"));
    }

    #[test]
    fn a_histogram_of_nothing_is_an_error() {
        assert!(histogram("score", &[("none", &[])], &[]).is_err());
        assert!(histogram("score", &[("one", &[0.5])], &[0.7]).is_ok());
    }
}
