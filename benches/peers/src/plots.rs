//! Plots of a run over several sizes, as SVG that reads well on light and on dark pages: no background,
//! lines and text in colours of middling lightness.

use std::path::Path;

use plotters::prelude::*;
use plotters::series::LineSeries;

use crate::Result;
use crate::measure::{Figures, Measure};

const SIZE: (u32, u32) = (760, 440);
const GREY: RGBColor = RGBColor(128, 132, 138);
const COLOURS: [RGBColor; 6] = [
    RGBColor(214, 79, 67),
    RGBColor(59, 130, 196),
    RGBColor(70, 150, 86),
    RGBColor(150, 110, 190),
    RGBColor(190, 140, 40),
    RGBColor(50, 155, 160),
];

/// Writes a plot of each roll that is worth one: unchanged, and cold.
///
/// # Errors
/// Where a file cannot be written.
pub fn write(folder: &Path, sizes: &[Figures], names: &[&'static str]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for (measure, file) in [(Measure::Unchanged, "unchanged.svg"), (Measure::Cold, "cold.svg")] {
        write_plot(&folder.join(file), measure, sizes, names)?;
    }
    Ok(())
}

fn write_plot(path: &Path, measure: Measure, sizes: &[Figures], names: &[&'static str]) -> Result<()> {
    let points = |name: &str| -> Vec<(f64, f64)> {
        let of_size =
            |figures: &Figures| Some((f64::from(figures.directory.accounts), figures.get(measure, name)?));
        sizes.iter().filter_map(of_size).collect()
    };
    let all: Vec<(f64, f64)> = names.iter().flat_map(|name| points(name)).collect();
    let range = |of: fn(&(f64, f64)) -> f64| {
        let values = || all.iter().map(of);
        values().fold(f64::INFINITY, f64::min) / 1.6..values().fold(1.0, f64::max) * 1.6
    };
    let (x, y) = (range(|point| point.0), range(|point| point.1));
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    let text = ("sans-serif", 14).into_font().color(&GREY);
    let mut chart = ChartBuilder::on(&root)
        .caption(
            format!("{}: nanoseconds a record", measure.name()),
            ("sans-serif", 17).into_font().color(&GREY),
        )
        .margin(12)
        .margin_right(120)
        .x_label_area_size(42)
        .y_label_area_size(58)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GREY.mix(0.25))
        .axis_style(GREY)
        .label_style(text.clone())
        .x_desc("accounts")
        .x_label_formatter(&|accounts| round_value(*accounts))
        .y_label_formatter(&|ns| round_value(*ns))
        .draw()?;
    for (name, colour) in names.iter().zip(COLOURS.iter().cycle()) {
        let points = points(name);
        let Some(&last) = points.last() else { continue };
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
        let label = Text::new(*name, (10, -7), ("sans-serif", 13).into_font().color(colour));
        chart.draw_series([EmptyElement::at(last) + label])?;
    }
    root.present()?;
    Ok(())
}

/// The label at a value: none but at 1, 2 and 5 times a power of ten, for they stand close on a log axis.
fn round_value(value: f64) -> String {
    let leading = value / 10_f64.powf(value.log10().floor());
    if ![1.0, 2.0, 5.0].iter().any(|round| (leading - round).abs() < 0.01) {
        return String::new();
    }
    match value.round() {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        _ => format!("{value}"),
    }
}
