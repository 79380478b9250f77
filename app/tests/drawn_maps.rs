//! Saliency maps drawn from GPU memory are those that the CPU computes.

use burn_tensor::{DType, Device, Tensor, TensorData};
use eframe::wgpu;
use futures_lite::future::block_on;
use l2t_app::window::paint::saliency::SaliencyStyle;
use l2t_app::window::seam::{DrawableMaps, MapPainter, Painted};
use l2t_core::device::{DeviceChoice, WgpuSetup, open_shared};
use l2t_core::saliency::colour::{ColourMap, Overlay, Pixels};
use l2t_core::saliency::map::{BatchMaps, Change, Maps};

/// Height and width: odd, and distinct.
const SIZE: [usize; 2] = [5, 7];
const IMAGES: usize = 3;
/// Screen pixels of an image's pixel.
const SCALE: usize = 3;
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// Numbers of 0 to 1 without a pattern that a wrong index would keep.
fn values(seed: f64, count: usize) -> Vec<f64> {
    (0..count).map(|n| (seed + n as f64 * 0.618_034).fract()).collect()
}

fn map(seed: f64, device: &Device) -> (Vec<f64>, Tensor<3>) {
    let values = values(seed, IMAGES * SIZE[0] * SIZE[1]);
    let data = TensorData::new(values.clone(), [IMAGES, SIZE[0], SIZE[1]]);
    (values, Tensor::from_data(data, (device, DType::F32)))
}

/// What `painted` puts on a screen, row after row.
fn screen(setup: &WgpuSetup, painted: &Painted) -> Vec<[u8; 4]> {
    let [height, width] = SIZE.map(|side| side * SCALE);
    let extent = wgpu::Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: 1 };
    let texture = setup.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: extent,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: FORMAT,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
    // Rows of a copy begin at multiples of 256 bytes.
    let row = (4 * width).next_multiple_of(256);
    let copy = setup.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: (row * height) as u64,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = setup.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let target = wgpu::RenderPassColorAttachment {
            view: &view,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::GREEN), store: wgpu::StoreOp::Store },
        };
        let pass = wgpu::RenderPassDescriptor { color_attachments: &[Some(target)], ..Default::default() };
        painted.draw(&mut encoder.begin_render_pass(&pass));
    }
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row as u32), rows_per_image: None };
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo { buffer: &copy, layout },
        extent,
    );
    setup.queue.submit([encoder.finish()]);
    copy.slice(..).map_async(wgpu::MapMode::Read, |mapped| mapped.expect("the copy can be read"));
    setup.device.poll(wgpu::PollType::wait_indefinitely()).expect("the device answers");
    let bytes = copy.slice(..).get_mapped_range().expect("the copy is mapped").to_vec();
    let rows = bytes.chunks(row).flat_map(|row| row[..4 * width].chunks(4));
    rows.map(|pixel| pixel.try_into().expect("four bytes")).collect()
}

#[test]
fn a_map_on_the_screen_is_the_map_that_the_cpu_lays_over_its_image() {
    let (device, setup) = open_shared(DeviceChoice::SoftwareGpu).expect("the checks install a software driver");
    let setup = setup.expect("nobody opened it before");
    let on_device = [0.11, 0.37, 0.59, 0.83].map(|seed| map(seed, &device.device));
    let maps = |nth: usize| Maps { strength: on_device[nth].1.clone(), normalised: on_device[nth].1.clone() };
    let change = Change { learned: maps(1), more: on_device[2].1.clone(), less: on_device[3].1.clone() };
    let drawable = DrawableMaps::of(&BatchMaps { uniform: maps(0), change: Some(change) });
    let [height, width] = SIZE;
    let bytes: Vec<u8> = values(0.5, IMAGES * 3 * height * width).iter().map(|v| (255.0 * v) as u8).collect();
    let images: Vec<&[u8]> = bytes.chunks(3 * height * width).collect();
    let own_curve = MapPainter::new(&setup.device, FORMAT.add_srgb_suffix());
    assert!(own_curve.is_none(), "a screen that changes numbers is left to the CPU");
    let painter = MapPainter::new(&setup.device, FORMAT).expect("the format has no curve of its own");
    for (colours, alpha) in [(ColourMap::Inferno, 0.75), (ColourMap::Viridis, 1.0), (ColourMap::Grey, 0.3)] {
        let style = SaliencyStyle { alpha, colours, ..SaliencyStyle::default() };
        let painted = painter.paint(&drawable, &images, SIZE, style).expect("the maps are in GPU memory");
        let cpu = Device::flex();
        let overlay = Overlay { size: SIZE, colours, alpha, device: &cpu, dtype: DType::F64 };
        for (which, (values, _)) in on_device.iter().enumerate() {
            let of: Vec<&[f64]> = values.chunks(height * width).collect();
            let expected: Vec<Pixels> = block_on(overlay.draw(&images, &of)).expect("the CPU answers");
            for nth in 0..IMAGES {
                let drawn = screen(&setup, &painted[nth][which]);
                for (at, pixel) in drawn.iter().enumerate() {
                    let (row, column) = (at / (width * SCALE) / SCALE, at % (width * SCALE) / SCALE);
                    let [red, green, blue] = expected[nth][row * width + column];
                    // A value between two bytes may be rounded to either.
                    let near = pixel.iter().zip([red, green, blue, 255]).all(|(a, b)| a.abs_diff(b) <= 1);
                    assert!(near, "image {nth}, map {which}, pixel {row}, {column}: {pixel:?}");
                }
            }
        }
    }
}

#[test]
fn maps_in_the_memory_of_the_cpu_are_not_drawn_from_there() {
    let device = Device::flex();
    let maps = Maps { strength: map(0.2, &device).1, normalised: map(0.2, &device).1 };
    let debug = format!("{:?}", DrawableMaps::of(&BatchMaps { uniform: maps, change: None }));
    assert_eq!(debug, format!("{:?}", DrawableMaps::default()));
}
