# Loss on the LIF by processor minutes of training, statistics beside networks over the recording:
#   cd docs/figures && gnuplot statistics_peers.gp
set terminal pngcairo size 800,480 font "sans,11"
set output "statistics_peers.png"
set datafile separator ","
set datafile missing NaN
set xlabel "processor minutes of training, one core"
set ylabel "loss, nats"
set xrange [0:*]
set yrange [-5:5]
set grid y linecolor "#dddddd"
set key top right samplen 1.5
methods = "'rheobase statistics' 'BayesFlow TimeSeriesNetwork' 'sbi CNNEmbedding'"
colours = "#000000 #56b4e9 #e69f00"
loss_of(m) = strcol(1) eq m ? $3 : NaN
plot for [k=1:3] "statistics_peers.csv" every ::1 using 2:(loss_of(word(methods, k))) \
    with linespoints pointtype 7 pointsize 0.4 linewidth 2 linecolor rgb word(colours, k) \
    title word(methods, k)
