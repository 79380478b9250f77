//! Boxes in annotations as PASCAL VOC has them: `<object> … <bndbox><xmin>1</xmin> … </bndbox></object>`.
//!
//! Only that is read, by name and in any order, so that a few tags that nobody closed do no harm. Columns and rows are
//! counted from 1 and the far ones are inside.

use crate::data::dataset::PixelBox;

/// The smallest box around all objects, in pixels from the top-left corner; `None` where there is none.
pub(super) fn box_around(xml: &str) -> Option<PixelBox> {
    xml.split("<object").skip(1).filter_map(|object| object_box(inside(object, "bndbox")?)).reduce(|a, b| PixelBox {
        x0: a.x0.min(b.x0),
        y0: a.y0.min(b.y0),
        x1: a.x1.max(b.x1),
        y1: a.y1.max(b.y1),
    })
}

fn object_box(item: &str) -> Option<PixelBox> {
    let edge = |name: &str| inside(item, name)?.trim().parse::<f32>().ok().filter(|edge| edge.is_finite());
    let (x0, y0, x1, y1) = (edge("xmin")? - 1.0, edge("ymin")? - 1.0, edge("xmax")?, edge("ymax")?);
    (x0 < x1 && y0 < y1).then_some(PixelBox { x0, y0, x1, y1 })
}

/// What stands between `<name>` and `</name>`, the first time.
fn inside<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_objects_are_inside_whatever_the_order_of_the_edges() {
        let xml = "<annotation><size><width>9</width></size>\r\n<object>\n<name>a</name><bndbox><ymax>6</ymax><xmin>2\
                   </xmin>\n<xmax> 5 </xmax><ymin>1</ymin></bndbox></object><object><bndbox><xmin>3.5</xmin><ymin>4</ymin>\
                   <xmax>8</xmax><ymax>5</ymax></bndbox></object></annotation>";
        assert_eq!(box_around(xml), Some(PixelBox { x0: 1.0, y0: 0.0, x1: 8.0, y1: 6.0 }));
    }

    #[test]
    fn what_is_no_box_is_none() {
        let object = |edges: [&str; 4]| {
            let [x0, y0, x1, y1] = edges;
            let edges = format!("<xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>");
            box_around(&format!("<object><bndbox>{edges}</bndbox></object>"))
        };
        assert!(object(["1", "1", "1", "1"]).is_some(), "a single pixel");
        for edges in [["5", "1", "4", "9"], ["1", "5", "9", "4"], ["a", "1", "2", "2"], ["NaN", "1", "2", "inf"]] {
            assert_eq!(object(edges), None, "{edges:?}");
        }
        assert_eq!(box_around("<annotation></annotation>"), None);
        assert_eq!(box_around("<object><bndbox><xmin>1</xmin></object>"), None);
    }
}
