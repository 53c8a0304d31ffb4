# C2ST of the sbibm tasks by budget, rheobase beside published amortised posteriors, and of online training by
# the number of different simulations:
#   cd docs/figures && gnuplot benchmark.gp
set terminal pngcairo size 1500,640 font "sans,11"
set output "benchmark.png"
set datafile separator ","
set datafile missing NaN
set logscale x
set xrange [500:7e7]
set xtics ("1k" 1e3, "10k" 1e4, "100k" 1e5, "1M" 1e6, "10M" 1e7)
set yrange [0.48:1.02]
set ytics 0.1
set grid y linecolor "#dddddd"
set key off
methods = "'sbibm NPE' 'npe-pfn NPE' 'npe-pfn ensemble' 'BayesFlow online' rheobase 'rheobase online'"
colours = "#999999 #56b4e9 #e69f00 #009e73 #000000 #000000"
type(k) = k == 5 ? 7 : k == 6 ? 13 : k == 4 ? 12 : 6 # online: diamonds
width(k) = k > 4 ? 2.5 : 1.2
size(k) = k == 4 || k == 6 ? 1.6 : 1
row(t, m) = strcol(1) eq t && strcol(2) eq m ? $3 : NaN
tasks = "gaussian_linear gaussian_linear_uniform slcp slcp_distractors bernoulli_glm \
         bernoulli_glm_raw gaussian_mixture two_moons sir lotka_volterra"
set multiplot layout 2,5 margins 0.04,0.99,0.11,0.95 spacing 0.025,0.11
do for [i=1:10] {
  set title word(tasks, i) offset 0,-0.7 noenhanced
  if (i == 1) { set key top right samplen 1.5 } else { set key off }
  plot for [k=1:6] "benchmark.csv" every ::1 using (row(word(tasks, i), word(methods, k))):4 \
      with linespoints pointtype type(k) pointsize size(k) linewidth width(k) linecolor rgb word(colours, k) notitle, \
    for [k=1:6] keyentry with linespoints pointtype type(k) pointsize size(k) linewidth width(k) \
      linecolor rgb word(colours, k) title word(methods, k)
}
unset multiplot
