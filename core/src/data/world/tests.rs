use super::*;

fn small(task: WorldTask) -> WorldConfig {
    WorldConfig { task, size: 32, train_per_class: 2, validation_per_class: 1, test_per_class: 1 }
}

#[test]
fn tmp() {
    let start = std::time::Instant::now();
    for task in WorldTask::ALL {
        let data = world(&WorldConfig { train_per_class: 12, ..small(task) }, Split::Train, Seed(1));
        let (zoom, per, classes) = (3, 12, data.class_names.len());
        let mut sheet = image::RgbImage::new((per * 34 * zoom) as u32, (classes * 34 * zoom) as u32);
        for i in 0..data.len() {
            let (r, c) = (i % classes, i / classes);
            for k in 0..32 * 32 * zoom * zoom {
                let (x, y) = (k % (32 * zoom), k / (32 * zoom));
                let place = y / zoom * 32 + x / zoom;
                let px = [0, 1, 2].map(|ch| data.image(i)[ch * 1024 + place]);
                sheet.put_pixel((c * 34 * zoom + x) as u32, (r * 34 * zoom + y) as u32, image::Rgb(px));
            }
        }
        sheet.save(format!("/work/wt/pictures/tmp-{}.png", task.name())).unwrap();
        println!("{} {} {:?}", task.name(), data.len(), start.elapsed());
    }
}
